# Shared by benchmark.sh and check.sh: everything that reaches the phone goes through here.
#
# With --dry_run each command is printed instead, so that it can be pasted into a shell. Every step
# is checked; the first one that fails ends the program with one line. Read after common.sh.
# shellcheck shell=sh disable=SC2034,SC2154 # variables set or used by the programs

# adb's shell user may write to and run programs from here, and hardly elsewhere on a stock phone.
FOLDER=/data/local/tmp/tfisp

show() ( # WORDS: prints a command, quoted
    line=
    for word in "$@"; do
        case $word in
            *[!A-Za-z0-9_./:=,@%+-]* | '') word="'$(printf '%s' "$word" | sed "s/'/'\\\\''/g")'" ;;
        esac
        line="$line${line:+ }$word"
    done
    printf '%s\n' "$line" >&3
)

phone() { # WORDS: adb for the chosen phone. It must not read our stdin
    if [ -n "$dry_run" ]; then
        show adb -s "$serial" "$@"
    else
        adb -s "$serial" "$@" </dev/null
    fi
}

choose_phone() { # sets serial, or says what is wrong with the phone
    serial=${serial:-${ANDROID_SERIAL:-}}
    if [ -n "$dry_run" ]; then
        show adb devices
        serial=${serial:-SERIAL}
        return
    fi
    command -v adb >/dev/null || die "adb: not found; install Android's platform-tools and put them in PATH (https://developer.android.com/tools/releases/platform-tools)"
    listing=$(adb devices </dev/null 2>&1) || die "adb devices: $listing"
    # What comes before this heading is chatter about adb's own server.
    listing=$(printf '%s\n' "$listing" | tr -d '\r' | awk '/^List of devices/ { on = 1; next } on && NF >= 2')
    serials=$(printf '%s\n' "$listing" | awk 'NF { printf "%s%s", comma, $1; comma = ", " }')
    case $serial/$serials in
        /) die "no phone: connect one by USB with USB debugging switched on (adb devices lists none)" ;;
        /*,*) die "several phones are connected ($serials): choose one with --serial=" ;;
        /*) serial=$serials ;;
    esac
    state=$(printf '%s\n' "$listing" | awk -v serial="$serial" '$1 == serial { $1 = ""; print substr($0, 2) }')
    case $state in
        device) ;;
        '') die "--serial=$serial: not connected; adb devices lists ${serials:-none}" ;;
        unauthorized) die "phone $serial: unauthorized; unlock it and allow this computer to debug it" ;;
        offline) die "phone $serial: offline; pull the cable and plug it in again" ;;
        *) die "phone $serial: not ready, adb says '$state'" ;;
    esac
}

remote() { # COMMAND LOG: runs it in FOLDER, all it prints goes to LOG; sets code to its exit code
    # Old phones do not pass exit codes on, so the last line does; without it the phone is gone.
    set -- "cd $FOLDER && { $1; } 2>&1; code=\$?; echo; echo tfisp_exit=\$code" "$2"
    if [ -n "$dry_run" ]; then
        phone shell "$1"
        code=0
        return
    fi
    phone shell "$1" >"$2.part" 2>&1 || :
    tr -d '\r' <"$2.part" >"$2" # old phones end their lines with it
    rm "$2.part"
    code=$(sed -n 's/^tfisp_exit=\([0-9]*\)$/\1/p' "$2")
    [ -n "$code" ] || die "phone $serial: stopped answering ($(last_line "$2")); see $2"
}

push() { # PATH NAME: copies a file into FOLDER and makes sure that all of it is there
    phone push "$1" "$FOLDER/$2" >"$scratch" 2>&1 || die "$1: adb cannot copy it to the phone: $(last_line "$scratch")"
    remote "wc -c < $2" "$scratch"
    [ -z "$dry_run" ] || return 0
    here=$(($(wc -c <"$1")))
    there=$(awk 'NR == 1 { print $1 + 0 }' "$scratch")
    [ "$here" = "$there" ] || die "$1: the phone has $there of its $here bytes; is its storage full?"
}

prepare_phone() { # an empty FOLDER with TFLite's tool in it, gone again when the program ends
    scratch=$(log_file phone.log)
    trap 'phone shell "rm -rf $FOLDER" >/dev/null 2>&1 || :' EXIT
    trap 'exit 130' INT
    phone shell "rm -rf $FOLDER && mkdir -p $FOLDER" >"$scratch" 2>&1 || die "phone $serial: cannot make $FOLDER: $(last_line "$scratch")"
    install_tool "$benchmark" benchmark_model input_layer_value_files \
        "--benchmark=$benchmark: is not TFLite's benchmark_model (LiteRT's has the same name: give that as --litert_benchmark)"
    remote "command -v timeout" "$scratch" # since Android 8
    limit=yes
    [ "$code" -eq 0 ] || limit=
}

install_tool() { # PATH NAME FLAG MESSAGE: a tool that must start and know a flag, else MESSAGE
    push "$1" "$2"
    # The tool answers --help with exit code 1: what it prints is what counts.
    remote "chmod 755 $2 && $(tool_command "$2" --help)" "$(log_file "$2.help")"
    [ -z "$dry_run" ] || return 0
    grep -q -e --graph "$logs/$2.help" || die "$1: does not start on the phone ($(last_line "$logs/$2.help")); is it built for its processor, $(phone shell getprop ro.product.cpu.abi | tr -d '\r')?"
    knows "$2" "$3" || die "$4"
}

knows() { # NAME FLAG: whether an installed tool has a flag
    [ -n "$dry_run" ] || grep -q -e "--$2" "$logs/$1.help"
}

tool_command() { # NAME FLAGS -> the phone's command line
    printf '%s' "${library_path:+LD_LIBRARY_PATH=$library_path }./$*"
}

limited_command() { # SECONDS NAME FLAGS -> the same, ended after that long with exit code 124
    allowed=$1
    shift
    printf '%s' "${library_path:+LD_LIBRARY_PATH=$library_path }${limit:+timeout $allowed }./$*"
}
