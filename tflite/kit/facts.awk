# What a phone is, from what `getprop; dumpsys SurfaceFlinger; dumpsys battery` print.
#
# Prints rows of a name and a value with a tab between; a dash for what the phone does not tell.

function property(name) { return name in found && found[name] != "" ? found[name] : "-" }

# [ro.product.model]: [Pixel 8]
/^\[[^]]*\]: \[.*\]$/ {
    end = index($0, "]: [")
    found[substr($0, 2, end - 2)] = substr($0, end + 4, length($0) - end - 4)
}
# GLES: Qualcomm, Adreno (TM) 730, OpenGL ES 3.2 V@0615.0
/^ *GLES: / && gpu == "" { gpu = $0; sub(/^ *GLES: /, "", gpu) }
/^ *level: / { level = $2 }
/powered: true/ { charging = 1 }

END {
    soc = property("ro.soc.model") # since Android 12
    if (soc == "-") soc = property("ro.board.platform")
    else soc = property("ro.soc.manufacturer") " " soc
    print "phone\t" property("ro.product.manufacturer") " " property("ro.product.model")
    print "soc\t" soc
    print "gpu\t" (gpu == "" ? "-" : gpu)
    print "android\t" property("ro.build.version.release")
    print "api level\t" property("ro.build.version.sdk")
    print "build\t" property("ro.build.fingerprint")
    print "processor\t" property("ro.product.cpu.abi")
    print "battery\t" (level == "" ? "-" : level " %" (charging ? ", charging" : ""))
}
