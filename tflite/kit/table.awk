# Rows with tabs between, headings in the first, as CSV or as a table in Markdown.
#
#   awk -F '\t' -f table.awk -v format=csv ROWS
#   awk -F '\t' -f table.awk -v format=markdown -v columns=file,backend,median_ms ROWS
#
# columns: which ones, in that order; all if not given.

function cell(text) {
    if (format == "markdown") {
        gsub(/\|/, "\\|", text)
        return text
    }
    if (text !~ /[",]/) return text
    gsub(/"/, "\"\"", text)
    return "\"" text "\""
}

NR == 1 {
    for (i = 1; i <= NF; i++) place[$i] = i
    count = columns == "" ? NF : split(columns, wanted, ",")
    for (i = 1; i <= count; i++) field[i] = columns == "" ? i : place[wanted[i]]
}
{
    line = rule = ""
    for (i = 1; i <= count; i++) {
        text = cell($field[i])
        if (format == "markdown") {
            line = line "| " text " "
            rule = rule "|---"
        } else line = line (i > 1 ? "," : "") text
    }
    print (format == "markdown" ? line "|" : line)
    if (NR == 1 && format == "markdown") print rule "|"
}
