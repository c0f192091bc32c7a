#!/bin/sh
# Runs golden inputs through exported .tflite files on a phone and compares what comes out.
#
#   python tflite/golden.py --export=EXPORTED --output=GOLDEN
#   tflite/check.sh --export=EXPORTED --golden=GOLDEN --benchmark=android_aarch64_benchmark_model \
#       --output=CHECKED
#
# golden.py, the only part that needs Python, runs each file on the desktop. Here the same input goes
# through the same file on the phone, under each backend, and the outputs are compared in code
# values of 8 bits: exact backends must agree to rounding, float16 ones to what golden.json allows.
#
#   --export=DIR         what tfisp.export wrote
#   --golden=DIR         what golden.py made of it
#   --benchmark=PATH     TFLite's benchmark_model of 2022 or later, built for the phone's processor
#                        (LiteRT's own tool cannot read inputs from files)
#   --output=DIR         where results.csv and logs/ go
#   --serial=SERIAL      which phone, where several are connected (else $ANDROID_SERIAL)
#   --files=A,B          only these files (default: all in the golden folder)
#   --backends=A,B       only these of: cpu1 cpu4 gpu_cl gpu_gl gpu_cl_fp32 gpu_gl_fp32 nnapi
#                        (default: cpu4 gpu_cl gpu_gl; files for the CPU run there only)
#   --keep               keep the phone's outputs in --output as well
#   --library_path=DIRS  where on the phone to look for libOpenCL.so, such as /vendor/lib64
#   --dry_run            print every command for the phone, run none
#
# Exit code: 0 if all agree; 1 if one does not, ran elsewhere than asked, or something failed; 2 for
# a wrong command line.

# shellcheck source-path=SCRIPTDIR
set -eu
program=check.sh
kit=$(dirname "$0")/kit
export_dir='' golden='' files='' benchmark='' serial='' backends='' library_path='' output=''
dry_run='' keep=''
# shellcheck source=kit/common.sh
. "$kit/common.sh"
# shellcheck source=kit/phone.sh
. "$kit/phone.sh"

read_flags() { # WORDS
    for word in "$@"; do
        case $word in
            --golden=?*) golden=${word#*=} ;;
            --keep) keep=yes ;;
            *) common_flag "$word" ;;
        esac
    done
    check_common_flags
    [ -n "$golden" ] || misused "--golden is required: the folder that golden.py wrote"
    [ -f "$golden/golden.json" ] || die "--golden=$golden: holds no golden.json; make it with python tflite/golden.py --export=$export_dir --output=$golden"
    [ -n "$backends" ] || backends="cpu4 gpu_cl gpu_gl"
    case $backends in
        *litert_*) misused "--backends: LiteRT's tool cannot read inputs from files, litert_* cannot be checked" ;;
    esac
}

golden_of() { # FILE KEY -> what golden.json says
    records files "name,$2" "$golden/golden.json" | awk -F '\t' -v name="$1" '$1 == name { print $2 }'
}

sha256_of() { # PATH; Linux has the first, macOS the second
    if command -v sha256sum >/dev/null; then sha256sum <"$1"; else shasum -a 256 <"$1"; fi | cut -d ' ' -f 1
}

check_golden() { # the golden folder is complete, and belongs to this export
    known=$(records files name "$golden/golden.json" | tr '\n' ' ')
    [ -n "$known" ] || die "$golden/golden.json: lists no files"
    files=${files:-$known}
    choose_files
    for file in $files; do
        contains "$file" "$known" || die "$golden/golden.json: has no golden output for $file"
        [ "$(golden_of "$file" sha256)" = "$(sha256_of "$export_dir/$file")" ] || die "$export_dir/$file: is another file than golden.json was made from; run golden.py again"
        is_shape "$(golden_of "$file" shape)" || die "$golden/golden.json: the shape of $file is no whole numbers joined by commas"
        for kind in input output; do
            name=$(golden_of "$file" "$kind")
            # it goes through the phone's shell, and must lie in this folder
            is_name "$name" || die "$golden/golden.json: the $kind of $file: a name may only have letters, digits, '.', '_' and '-'"
            path=$golden/$name
            [ -f "$path" ] || die "$path: no such file, though golden.json names it"
            [ $(($(wc -c <"$path"))) -eq "$(golden_of "$file" "${kind}_bytes")" ] || die "$path: has not the size that golden.json states; run golden.py again"
        done
    done
}

compare() { # FILE BACKEND: one run; adds a row, and to wrong if the outputs differ
    log=$(log_file "$1.$2.log")
    ours=$output/$1.$2.bin
    remote "rm -f output.bin && $(limited_command 600 benchmark_model \
        "--graph=$1 $(flags_of "$2") $(shape_flags "$(golden_of "$1" shape)")" \
        "--input_layer_value_files=raw:$(golden_of "$1" input) --output_filepath=output.bin" \
        "--warmup_runs=1 --warmup_min_secs=0 --num_runs=1 --min_secs=0")" "$log"
    status=$(awk -f "$kit/log.awk" -v backend="$2" -v code="$code" "$log" | awk -F '\t' '{ print $1 }')
    if [ -n "$dry_run" ] || [ "$status" = ok ]; then
        phone pull "$FOLDER/output.bin" "$ours" >"$scratch" 2>&1 || die "$1 $2: the phone wrote no output ($(last_line "$scratch"))"
    fi
    [ -z "$dry_run" ] || return 0
    precision=float32
    case $2 in gpu_cl | gpu_gl | nnapi) precision=float16 ;; esac
    max=$(golden_of "$1" "max_$precision")
    mean=$(golden_of "$1" "mean_$precision")
    if [ "$status" = ok ]; then
        found=$(awk -f "$kit/compare.awk" -v ours="$ours" -v theirs="$golden/$(golden_of "$1" output)" \
            -v max_allowed="$max" -v mean_allowed="$mean")
        [ -n "$keep" ] || rm -f "$ours"
    else
        found=$(printf '%s\t-\t-\t-' "$status")
    fi
    printf '%s\t%s\t%s\t%s\t%s\t%s\n' "$1" "$2" "$found" "$precision" "$max" "$mean" >>"$rows"
    awk -F '\t' -f "$kit/table.awk" -v format=csv "$rows" >"$output/results.csv.part"
    mv "$output/results.csv.part" "$output/results.csv"
    tail -n 1 "$rows" | awk -F '\t' '{
        printf "%s %s: %s; largest difference %s, mean %s code values (allowed %s, %s)\n", $1, $2, $3, $4, $5, $8, $9 }'
    case $found in ok*) ;; *) wrong="$wrong; $1 $2: ${found%%"$TAB"*}" ;; esac
}

read_flags "$@"
check_golden
make_plan
make_output results.csv
choose_phone
prepare_phone
knows benchmark_model output_filepath || die "--benchmark=$benchmark: has no --output_filepath; take one of 2022 or later"
pushed=
for file in $files; do
    push "$export_dir/$file" "$file"
    input=$(golden_of "$file" input)
    contains "$input" "$pushed" || push "$golden/$input" "$input"
    pushed="$pushed $input"
done
rows=$(log_file rows.tsv)
printf 'file\tbackend\tverdict\tmax\tmean\tworst_index\tprecision\tmax_allowed\tmean_allowed\n' >"$rows"
wrong=
for run in $plan; do compare "${run%:*}" "${run#*:}"; done
[ -z "$dry_run" ] || exit 0
[ -z "$wrong" ] || die "the phone does not agree with the desktop$wrong (see $output/results.csv)"
printf 'all agree; results in %s\n' "$output"
