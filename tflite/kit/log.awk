# One row about a log of benchmark_model: where the file really ran, and how fast.
#
#   awk -f log.awk -v backend=gpu_cl -v code=0 LOG
#
# Prints, between tabs: status, used, nodes, of, partitions, precision, init, first inference, first
# run (their sum), runs, mean, median (times in ms); what the log does not say is empty. status is
# "ok" only if the program ended well and the file ran, as a whole, where it was asked to.
#
# The lines are those of tensorflow/lite: core/subgraph.cc (Replacing ...), delegates/gpu/delegate.cc
# (Initialized ... API), tools/benchmark (the rest); and of LiteRT's litert/tools/
# benchmark_litert_model.h. "INFO: " and "VERBOSE: " in front come and go with versions.

function after(mark) { return substr($0, index($0, mark) + length(mark)) }
function ms(microseconds) { return sprintf("%.3f", microseconds / 1000) }

# Which processor a delegate stands for, by its name in the log.
function side(name) {
    if (name ~ /XNNPack|XNNPACK/) return "cpu"
    if (name ~ /Nnapi|NNAPI/) return "nnapi"
    return "gpu"
}

/Replacing [0-9]+ (out of [0-9]+ )?node/ {
    name = after("with delegate (")
    sub(/\).*/, "", name)
    where = side(name)
    nodes[where] = after("Replacing ") + 0
    total[where] = index($0, " out of ") ? after(" out of ") + 0 : ""
    partitions[where] = after("yielding ") + 0
    if (name ~ /_CL$/) api = "OpenCL" # LiteRT's: LITERT_CL
    else if (name ~ /_GL$/) api = "OpenGL"
    else if (name ~ /^LITERT/) api = name
}
/Initialized OpenCL-based API/ { api = "OpenCL" }
/Initialized OpenGL-based API/ { api = "OpenGL" }
/delegate, and the model graph will be completely executed/ { whole[side($0)] = 1 }
/delegate, and the model graph will be partially executed/ { partly[side($0)] = 1 }
# NNAPI's delegate says that it takes nodes, and then does not run them.
/the model graph will not be executed by the delegate/ { refused[side($0)] = 1 }
/Failed to apply .* delegate/ { refused[side($0)] = 1 }
/Created TensorFlow Lite XNNPACK delegate/ { xnnpack = 1 }
/Unconsumed cmdline flags: / { ignored = 1 } # by a tool that is too old for them
/^ERROR: / && why == "" { why = ": " substr($0, 8, 120) }
/Allow lower precision in gpu: / { lower = after("Allow lower precision in gpu: [") + 0 }

/^(INFO: )?count=/ {
    runs = after("count=") + 0
    median = index($0, "median=") ? ms(after("median=")) : ""
}
/Inference timings in us: / {
    init = ms(after("Init: "))
    first = ms(after("First inference: "))
    mean = ms(after("Inference (avg): "))
}
/Model initialization: / { init = sprintf("%.3f", after("Model initialization: ")) }
/Warmup \(first\): / { first = sprintf("%.3f", after("Warmup (first): ")) }
/Inference \(avg\): .* ms/ { mean = sprintf("%.3f", after("Inference (avg): ")) }

END {
    gsub(/\t/, " ", why)
    asked = backend ~ /gpu/ ? "gpu" : backend == "nnapi" ? "nnapi" : "cpu"
    wanted = backend ~ /^gpu_cl/ ? "OpenCL" : backend ~ /^gpu_gl/ ? "OpenGL" : ""
    # LiteRT's tool was given no CPU to fall back to: if it ran at all, the GPU did everything.
    if (backend == "litert_gpu" && !nodes["gpu"] && !nodes["cpu"] && !xnnpack && !ignored) whole["gpu"] = 1
    ran = asked != "cpu" && (nodes[asked] || whole[asked] || partly[asked]) && !refused[asked]
    cpu = nodes["cpu"] || whole["cpu"] || xnnpack ? "XNNPACK" : "CPU"
    left = ran && !whole[asked] && (partly[asked] || nodes[asked] < total[asked])
    used = !ran ? cpu : asked == "nnapi" ? "NNAPI" : api == "" ? "GPU" : api

    if (code == 124) status = "timed out"
    else if (code != 0) status = "failed (exit code " code ")" why
    else if (mean == "") status = "no timing in the log"
    else if (asked != "cpu" && !ran) status = "ran on the CPU"
    else if (wanted != "" && used != wanted) status = "ran on " used
    else if (left) status = "partly on the CPU"
    else status = "ok"

    if (mean == "") used = ""
    else if (left) used = used " + " cpu
    where = used == "" ? "none" : ran ? asked : "cpu"
    half = ran && (asked == "gpu" && (lower == 1 || backend ~ /^litert/) || asked == "nnapi")
    precision = used == "" ? "" : half ? "float16 allowed" : "float32"

    if (mean == "") runs = median = ""
    sum = init == "" ? "" : sprintf("%.3f", init + first)
    printf "%s\t%s\t%s\t%s\t%s\t", status, used, nodes[where], total[where], partitions[where]
    printf "%s\t%s\t%s\t%s\t", precision, init, first, sum
    printf "%s\t%s\t%s\n", runs, mean, median
}
