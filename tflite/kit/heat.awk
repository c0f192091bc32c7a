# How warm a phone is, from what `dumpsys battery; dumpsys thermalservice` print.
#
# Prints, between spaces: battery, chip and skin in degrees Celsius (chip: the hottest CPU or GPU
# sensor) and Android's thermal status (0 none ... 3 severe, throttled ... 6 shutdown); a dash for
# what the phone does not tell. Sensors that lie (0, or far below it) are left out.
#
# Types of temperatures: android.hardware.thermal, 0 CPU, 1 GPU, 2 battery, 3 skin
# (https://source.android.com/reference/hidl/android/hardware/thermal/1.0/types). Values under
# "Cached temperatures" may be old; those under "from HAL" are read now.

function after(mark) { return substr($0, index($0, mark) + length(mark)) }

BEGIN { battery = chip = skin = status = "-" }

/^ *temperature: / { battery = sprintf("%.1f", after("temperature: ") / 10) }
/^ *Thermal Status: / { status = after("Thermal Status: ") + 0 }
/^ *Current temperatures from HAL/ { current = 1 }
/^ *Current cooling devices/ { current = 0 }

current && /Temperature\{/ {
    degrees = after("mValue=") + 0
    type = after("mType=") + 0
    if (degrees <= 0 || degrees > 150) next
    if (type <= 1 && type >= 0 && (chip == "-" || degrees > chip + 0)) chip = sprintf("%.1f", degrees)
    if (type == 3 && (skin == "-" || degrees > skin + 0)) skin = sprintf("%.1f", degrees)
}

END { print battery, chip, skin, status }
