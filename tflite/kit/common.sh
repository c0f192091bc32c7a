# Shared by benchmark.sh and check.sh: errors, flags, the exported files, the ways to run them.
# They set `program` and `kit` and every flag's variable, then read this file and phone.sh.
#
# POSIX sh, POSIX utilities and adb; nothing of bash or GNU, so that macOS and busybox run it too.
# shellcheck shell=sh disable=SC2034,SC2154 # variables set or used by the programs

LC_ALL=C # a decimal point is a point, whatever language the computer speaks
export LC_ALL
TAB=$(printf '\t')
exec 3>&1 # where --dry_run prints, also from inside $(...)

# Where TFLite's publisher offers its benchmark tool; nothing here ever downloads it.
TOOL_PAGE=https://github.com/tensorflow/tensorflow/blob/master/tensorflow/lite/g3doc/performance/measurement.md#native-benchmark-binary

# ---- errors ----------------------------------------------------------------------------------

die() { # MESSAGE: one line on stderr, exit 1
    printf '%s: error: %s\n' "$program" "$(one_line "$1")" >&2
    exit 1
}

misused() { # MESSAGE: the command line is wrong, exit 2
    printf '%s: error: %s\n' "$program" "$(one_line "$1")" >&2
    exit 2
}

note() { printf '# %s\n' "$1"; } # a comment, between the commands of a dry run too

one_line() { printf '%s' "$1" | tr '\r\n\t' '   ' | tr -s ' '; }

last_line() { # FILE: the last one that is not empty
    tr -d '\r' <"$1" | awk 'NF && !/^tfisp_exit=/ { line = $0 } END { print line }'
}

# ---- flags -----------------------------------------------------------------------------------

common_flag() { # WORD: stores a flag that both programs have; fails if it is none of them
    case $1 in
        --export=?*) export_dir=${1#*=} ;;
        --files=?*) files=$(printf '%s' "${1#*=}" | tr ',' ' ') ;;
        --benchmark=?*) benchmark=${1#*=} ;;
        --serial=?*) serial=${1#*=} ;;
        --backends=?*) backends=$(printf '%s' "${1#*=}" | tr ',' ' ') ;;
        --library_path=?*) library_path=${1#*=} ;;
        --output=?*) output=${1#*=} ;;
        --dry_run) dry_run=yes ;;
        --help | -h) # the comment at the head of the program
            sed -n '2,/^$/s/^# \{0,1\}//p' "$0"
            exit 0
            ;;
        --*=) misused "$1 has no value (an unset shell variable?)" ;;
        -*) misused "unknown flag ${1%%=*}: flags have the form --name=value; see --help" ;;
        *) misused "unexpected argument '$1': flags have the form --name=value; see --help" ;;
    esac
}

check_common_flags() {
    [ -n "$export_dir" ] || misused "--export is required: the folder that tfisp.export wrote"
    [ -d "$export_dir" ] || die "--export=$export_dir: no such folder"
    [ -n "$benchmark" ] || misused "--benchmark is required: TFLite's benchmark_model for Android, from $TOOL_PAGE"
    [ -f "$benchmark" ] || die "--benchmark=$benchmark: no such file; TFLite's benchmark_model for Android is at $TOOL_PAGE"
    [ -n "$output$dry_run" ] || misused "--output is required: a folder for the results"
    case $library_path in
        *[!A-Za-z0-9_./:-]*) misused "--library_path=$library_path: expected folders of the phone, joined by colons" ;;
    esac
    for backend in $backends; do
        contains "$backend" "$BACKENDS" || misused "--backends: '$backend' is none of $BACKENDS"
        [ "$backend" != nnapi ] || printf '%s: note: NNAPI is deprecated since Android 15; use its figures only to compare with old ones\n' "$program" >&2
    done
    logs=$output/logs
}

make_output() { # FILE: the folder for results, in which that file must not lie yet
    [ -z "$dry_run" ] || return 0
    [ ! -e "$output/$1" ] || die "--output=$output: already holds results; give another folder"
    mkdir -p "$logs" || die "--output=$output: cannot be made"
}

log_file() { # NAME -> the path to keep what the phone says
    if [ -n "$dry_run" ]; then echo /dev/null; else printf '%s\n' "$logs/$1"; fi
}

is_name() { # WORD: a file's name that no shell reads as anything else
    case $1 in *[!A-Za-z0-9._-]* | '' | -* | . | ..) return 1 ;; esac
}

is_shape() { # WORD: such as 1,544,960,4
    case $1 in *[!0-9,]* | *,,* | ,* | *, | '') return 1 ;; esac
}

contains() { # WORD WORDS
    case " $2 " in *" $1 "*) ;; *) return 1 ;; esac
}

# ---- the exported files ----------------------------------------------------------------------

choose_files() { # sets files to the names to work on, all of them if not given
    found=
    for path in "$export_dir"/*.tflite; do
        [ -f "$path" ] || continue
        # names go through the phone's shell
        is_name "${path##*/}" || die "$path: the name may only have letters, digits, '.', '_' and '-'"
        found="$found ${path##*/}"
    done
    [ -n "$found" ] || die "--export=$export_dir: holds no .tflite file; is it a folder that tfisp.export wrote?"
    for file in ${files:=$found}; do
        contains "$file" "$found" || misused "--files: there is no $file in $export_dir, only$found"
    done
    if contains model_isp.tflite "$files"; then
        files=$(printf ' %s' "$files" | sed 's/ model_isp\.tflite//')
        note "model_isp.tflite: left out, benchmark_model cannot feed its 16-bit input"
    fi
}

records() { # LIST KEYS JSON -> rows, see records.awk
    awk -f "$kit/records.awk" -v list="$1" -v keys="$2" "$3"
}

target_of() { # FILE -> gpu or cpu: what the export's report says, else what the name means
    said=
    if [ -f "$export_dir/report.json" ]; then
        said=$(records files name,target "$export_dir/report.json" |
            awk -F '\t' -v name="$1" '$1 == name { print $2 }')
    fi
    case $said/$1 in
        gpu/* | cpu/*) printf '%s\n' "$said" ;;
        */model_none.tflite | */model_int8.tflite | */model_dynamic_range.tflite) echo cpu ;;
        *) echo gpu ;;
    esac
}

# ---- ways to run a file ----------------------------------------------------------------------

BACKENDS="cpu1 cpu4 gpu_cl gpu_gl gpu_cl_fp32 gpu_gl_fp32 nnapi litert_cpu litert_gpu"

# Flags of TFLite's tool (tensorflow/lite/tools/delegates/README.md) and, for litert_*, of LiteRT's
# (litert/tools/benchmark_litert_model.h in google-ai-edge/LiteRT).
flags_of() { # BACKEND
    case $1 in
        cpu1) echo "--use_xnnpack=true --num_threads=1" ;;
        cpu4) echo "--use_xnnpack=true --num_threads=4" ;;
        gpu_cl) echo "--use_gpu=true --gpu_backend=cl --gpu_precision_loss_allowed=true" ;;
        gpu_gl) echo "--use_gpu=true --gpu_backend=gl --gpu_precision_loss_allowed=true" ;;
        gpu_cl_fp32) echo "--use_gpu=true --gpu_backend=cl --gpu_precision_loss_allowed=false" ;;
        gpu_gl_fp32) echo "--use_gpu=true --gpu_backend=gl --gpu_precision_loss_allowed=false" ;;
        nnapi) echo "--use_nnapi=true --nnapi_allow_fp16=true" ;;
        litert_cpu) echo "--use_cpu=true --num_threads=4" ;;
        litert_gpu) echo "--use_gpu=true --use_cpu=false --require_full_delegation=true --allow_fp16=true" ;;
    esac
}

make_plan() { # sets plan to the FILE:BACKEND that are to run
    plan=
    for file in $files; do
        target=$(target_of "$file")
        for backend in $backends; do
            case $backend/$target/$file in
                litert_*/model_none.tflite) note "$file: LiteRT's tool cannot be told its size, not run on $backend" ;;
                */gpu/* | cpu*/cpu/* | litert_cpu/cpu/*) plan="$plan $file:$backend" ;;
                *) note "$file: made for the CPU, not run on $backend" ;;
            esac
        done
    done
    [ -n "$plan" ] || die "--files and --backends leave nothing to run"
}

shape_flags() { # SHAPE such as 1,544,960,4. The tool takes any name for the only input
    echo "--input_layer=raw --input_layer_shape=$1"
}
