# Compares two files of raw float32 as pictures: both cut to 0..1, their difference in code values of
# 8 bits (1/255).
#
#   awk -f compare.awk -v ours=OUTPUT -v theirs=GOLDEN -v max_allowed=4 -v mean_allowed=0.5
#
# Prints, between tabs: the verdict (ok, differs, wrong size, not finite), the largest difference, the
# mean difference, and the index of the value that differs most (dashes if they cannot be compared).
# od reads bytes in this computer's own order: little-endian, as in the files, on every computer that
# Android's tools run on.

function command(path) {
    gsub(/'/, "'\\''", path)
    return "od -A n -v -t f4 '" path "'"
}
function give_up(why) { print why "\t-\t-\t-"; exit }
function cut(x) { return x < 0 ? 0 : x > 1 ? 1 : x }

BEGIN {
    a = command(ours)
    b = command(theirs) " " # another text than a even for the same file: getline goes by the text
    while ((b | getline line) > 0) {
        if ((a | getline other) <= 0 || split(other, x) != (n = split(line, y))) give_up("wrong size")
        if (line other ~ /n/) give_up("not finite") # od writes nan, inf
        for (i = 1; i <= n; i++) {
            d = cut(x[i] + 0) - cut(y[i] + 0)
            if (d < 0) d = -d
            sum += d
            if (d > largest) { largest = d; worst = values + i - 1 }
        }
        values += n
    }
    if (values == 0 || (a | getline other) > 0) give_up("wrong size")
    largest *= 255
    mean = 255 * sum / values
    verdict = largest <= max_allowed && mean <= mean_allowed ? "ok" : "differs"
    printf "%s\t%.4f\t%.4f\t%d\n", verdict, largest, mean, worst
}
