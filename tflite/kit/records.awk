# Rows of a list of objects in a JSON file that tfisp wrote, the chosen values between tabs.
#
#   awk -f records.awk -v list=files -v keys=name,target report.json
#
# Not a parser of JSON: it relies on one value per line, indented by 2, as Python's json.dump(...,
# indent=2) writes. What lies deeper, or is a list or an object itself, is passed over.

BEGIN { count = split(keys, key, ","); start = "  \"" list "\": [" }

$0 == start { inside = 1; next }
inside && substr($0, 1, 3) == "  ]" { exit }

inside && substr($0, 1, 5) == "    {" { split("", value) }

inside && substr($0, 1, 7) == "      \"" {
    name = substr($0, 8, index(substr($0, 8), "\"") - 1)
    text = substr($0, length(name) + 11)
    sub(/,$/, "", text)
    if (text ~ /^".*"$/) text = substr(text, 2, length(text) - 2)
    value[name] = text
}

inside && substr($0, 1, 5) == "    }" {
    row = value[key[1]]
    for (i = 2; i <= count; i++) row = row "\t" value[key[i]]
    print row
}
