#!/bin/sh
# Measures exported .tflite files on a phone, under every way to run them, and writes a table.
#
#   tflite/benchmark.sh --export=EXPORTED --benchmark=android_aarch64_benchmark_model --output=RESULTS
#
# Needs adb, a phone with USB debugging, and TFLite's benchmark_model for Android (tflite/README.md
# says where from). Nothing is downloaded, and nothing stays on the phone.
#
#   --export=DIR            what tfisp.export wrote
#   --benchmark=PATH        TFLite's benchmark_model, built for the phone's processor
#   --litert_benchmark=PATH LiteRT's benchmark_model (CompiledModel), for the backends litert_*
#   --output=DIR            where results.csv, results.md, device.tsv and logs/ go
#   --serial=SERIAL         which phone, where several are connected (else $ANDROID_SERIAL)
#   --files=A,B             only these files of the export (default: all)
#   --backends=A,B          only these of: cpu1 cpu4 gpu_cl gpu_gl gpu_cl_fp32 gpu_gl_fp32 nnapi
#                           litert_cpu litert_gpu (default: cpu1 cpu4 gpu_cl gpu_gl, and litert_* with
#                           its tool; files whose report says target: cpu run on the CPU only)
#   --seconds=30            how long each file runs in a loop
#   --pause=20              seconds of rest before each, so that one does not heat the next
#   --shape=1,544,960,4     input shape for model_none.tflite, whose height and width are free
#   --library_path=DIRS     where on the phone to look for libOpenCL.so, such as /vendor/lib64
#   --dry_run               print every command for the phone, run none
#
# Exit code: 0 if every file ran where it was asked to; 1 if one did not (the table says which) or
# something failed; 2 for a wrong command line.

# shellcheck source-path=SCRIPTDIR
set -eu
program=benchmark.sh
kit=$(dirname "$0")/kit
export_dir='' files='' benchmark='' litert_benchmark='' serial='' backends='' library_path=''
output='' dry_run='' seconds=30 pause=20 shape=1,544,960,4
# shellcheck source=kit/common.sh
. "$kit/common.sh"
# shellcheck source=kit/phone.sh
. "$kit/phone.sh"

read_flags() { # WORDS
    for word in "$@"; do
        case $word in
            --litert_benchmark=?*) litert_benchmark=${word#*=} ;;
            --seconds=?*) seconds=${word#*=} ;;
            --pause=?*) pause=${word#*=} ;;
            --shape=?*) shape=${word#*=} ;;
            *) common_flag "$word" ;;
        esac
    done
    case $seconds in *[!0-9]* | 0*) misused "--seconds=$seconds: expected a whole number above 0" ;; esac
    case $pause in *[!0-9]*) misused "--pause=$pause: expected a whole number of seconds" ;; esac
    is_shape "$shape" || misused "--shape=$shape: expected whole numbers joined by commas, such as 1,544,960,4"
    check_common_flags
    [ -n "$backends" ] || backends="cpu1 cpu4 gpu_cl gpu_gl${litert_benchmark:+ litert_cpu litert_gpu}"
    case "$backends/$litert_benchmark" in
        *litert_*/) misused "--backends: litert_* need LiteRT's own tool; give it as --litert_benchmark" ;;
    esac
    [ -z "$litert_benchmark" ] || [ -f "$litert_benchmark" ] || die "--litert_benchmark=$litert_benchmark: no such file"
}

describe_phone() { # writes device.tsv; sets described to what begins every row
    remote "getprop; dumpsys SurfaceFlinger | grep GLES; dumpsys battery" "$(log_file device.log)"
    [ -z "$dry_run" ] || return 0
    {
        printf 'name\tvalue\n'
        awk -f "$kit/facts.awk" "$logs/device.log"
        printf 'date\t%s\n' "$(date -u +%Y-%m-%dT%H:%M:%SZ)"
        printf 'each run\t%s s after a rest of %s s\n' "$seconds" "$pause"
    } >"$output/device.tsv"
    described=$(awk -F '\t' '$1 ~ /^(phone|soc|android)$/ { printf "%s\t", $2 }' "$output/device.tsv")
}

take_temperature() { # sets heat: battery, chip, skin, thermal status
    remote "dumpsys battery; dumpsys thermalservice" "$scratch"
    heat=$(awk -f "$kit/heat.awk" "$scratch")
}

measure() { # FILE BACKEND: one run; adds a row, and to elsewhere if it did not go as asked
    tool=benchmark_model
    case $2 in litert_*) tool=litert_benchmark_model ;; esac
    # The very first inference is the warm-up, then comes the loop.
    set -- "$1" "$2" "--graph=$1 $(flags_of "$2") --warmup_runs=1 --warmup_min_secs=0" \
        "--num_runs=10 --min_secs=$seconds --max_secs=$((3 * seconds + 60))"
    [ "$1" != model_none.tflite ] || set -- "$1" "$2" "$3" "$4 $(shape_flags "$shape")"
    log=$(log_file "$1.$2.log")
    [ -n "$dry_run" ] || sleep "$pause"
    take_temperature
    before=$heat
    remote "$(limited_command $((3 * seconds + 300)) "$tool" "$3" "$4")" "$log"
    ended=$code
    take_temperature
    [ -z "$dry_run" ] || return 0
    row=$(awk -f "$kit/log.awk" -v backend="$2" -v code="$ended" "$log")
    printf '%s%s\t%s\t%s\t%s\n' "$described" "$1" "$2" "$row" \
        "$(printf '%s %s' "$before" "$heat" | tr ' ' '\t')" >>"$rows"
    write_tables # after each, so that a phone that goes away takes nothing along
    printf '%s\n' "$row" | awk -F '\t' -v run="$1 $2" '{
        print run ": " $1 ($2 == "" ? "" : ", " $2 ", first run " $9 " ms, mean " $11 " ms, median " $12 " ms") }'
    case $row in ok*) ;; *) elsewhere="$elsewhere; $1 $2: ${row%%"$TAB"*}" ;; esac
}

write_tables() {
    awk -F '\t' -f "$kit/table.awk" -v format=csv "$rows" >"$output/results.csv.part"
    {
        printf '# On the phone\n\n'
        awk -F '\t' -f "$kit/table.awk" -v format=markdown "$output/device.tsv"
        printf '\n'
        awk -F '\t' -f "$kit/table.awk" -v format=markdown -v columns=file,backend,status,used,nodes,of,precision,first_run_ms,median_ms,mean_ms,battery_before_c,battery_after_c,chip_before_c,chip_after_c "$rows"
        printf '\nnodes, of: operations that the backend took, of how many. first_run: loading the file,\n'
        printf 'building it for the backend, and one inference. median, mean: of the loop that follows.\n'
    } >"$output/results.md.part"
    mv "$output/results.md.part" "$output/results.md"
    mv "$output/results.csv.part" "$output/results.csv"
}

read_flags "$@"
choose_files
make_plan
make_output results.csv
choose_phone
prepare_phone
[ -z "$litert_benchmark" ] || install_tool "$litert_benchmark" litert_benchmark_model use_npu \
    "--litert_benchmark=$litert_benchmark: is not LiteRT's benchmark_model (TFLite's has the same name: give that as --benchmark)"
for file in $files; do push "$export_dir/$file" "$file"; done
describe_phone
rows=$(log_file rows.tsv)
printf '%s\n' "phone soc android file backend status used nodes of partitions precision init_ms first_inference_ms first_run_ms runs mean_ms median_ms battery_before_c chip_before_c skin_before_c thermal_before battery_after_c chip_after_c skin_after_c thermal_after" | tr ' ' '\t' >"$rows"
elsewhere=
for run in $plan; do measure "${run%:*}" "${run#*:}"; done
[ -z "$dry_run" ] || exit 0
[ -z "$elsewhere" ] || die "not every file ran as asked$elsewhere (see $output/results.md)"
printf 'results in %s\n' "$output"
