"""A phone that stands in for a real one, an export, and the kit's programs to try on them."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

HERE = Path(__file__).parent
KIT = HERE.parents[1] / "tflite"
sys.path.insert(0, str(KIT))  # for `import golden`

GETPROP = """\
[ro.build.fingerprint]: [acme/one/one:14/UP1A.231005.007/1:user/release-keys]
[ro.build.version.release]: [14]
[ro.build.version.sdk]: [34]
[ro.product.cpu.abi]: [arm64-v8a]
[ro.product.manufacturer]: [Acme]
[ro.product.model]: [One, 5"]
[ro.soc.manufacturer]: [Fab]
[ro.soc.model]: [F1000]
"""
BATTERY = """\
Current Battery Service state:
  AC powered: false
  USB powered: true
  level: 87
  temperature: 283
"""
THERMAL = """\
IsStatusOverride: false
Thermal Status: 1
Cached temperatures:
\tTemperature{mValue=99.0, mType=0, mName=AP, mStatus=0}
HAL Ready: true
Current temperatures from HAL:
\tTemperature{mValue=41.6, mType=0, mName=AP, mStatus=0}
\tTemperature{mValue=45.2, mType=1, mName=GPU, mStatus=0}
\tTemperature{mValue=28.4, mType=2, mName=BAT, mStatus=0}
\tTemperature{mValue=33.25, mType=3, mName=SKIN, mStatus=0}
\tTemperature{mValue=0.0, mType=0, mName=DEAD, mStatus=0}
Current cooling devices from HAL:
\tCoolingDevice{mValue=0, mType=2, mName=CPU}
"""
GETPROP_COMMAND = """\
#!/bin/sh
[ $# -gt 0 ] || exec cat "$STAND_IN_PHONE/getprop"
sed -n "s/^\\[$1\\]: \\[\\(.*\\)\\]/\\1/p" "$STAND_IN_PHONE/getprop"
"""
DUMPSYS_COMMAND = """\
#!/bin/sh
case $1 in
    battery) cat "$STAND_IN_PHONE/battery" ;;
    thermalservice) cat "$STAND_IN_PHONE/thermal" ;;
    SurfaceFlinger) echo "GLES: Fab, Graphics (TM) 9, OpenGL ES 3.2" ;;
esac
"""


def write_program(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)
    return path


@pytest.fixture(params=["dash", "bash"])
def shell(request):
    """A shell that knows only what POSIX says, as far as it can be told to."""
    if shutil.which(request.param) is None:
        pytest.skip(f"{request.param} is not installed")
    return [request.param, *(["--posix"] if request.param == "bash" else [])]


@pytest.fixture
def phone(tmp_path):
    """A phone with its adb in a folder for PATH, both tools for it, and `run` for the kit."""
    home = tmp_path / "phone"
    (home / "root").mkdir(parents=True)
    for name, text in (
        ("devices", "R5CT1234ABC\tdevice\n"),
        ("getprop", GETPROP),
        ("battery", BATTERY),
        ("thermal", THERMAL),
        ("calls", ""),
    ):
        (home / name).write_text(text)
    write_program(home / "bin" / "getprop", GETPROP_COMMAND)
    write_program(home / "bin" / "dumpsys", DUMPSYS_COMMAND)
    python = f'"{sys.executable}"'
    write_program(
        tmp_path / "path" / "adb", f'#!/bin/sh\nexec {python} -IS "{HERE}/stand_in_adb.py" "$@"\n'
    )
    tools = [
        write_program(
            tmp_path / "tools" / name,
            f'#!/bin/sh\nexec {python} -E "{HERE}/stand_in_tool.py" {name} "$@"\n',
        )
        for name in ("benchmark_model", "litert_benchmark_model")
    ]

    def run(program, *words, shell=("sh",), path=None, **faults):
        environment = {
            **os.environ,
            "PATH": f"{tmp_path / 'path'}:{os.environ['PATH']}" if path is None else path,
            "STAND_IN_PHONE": str(home),
            **{f"STAND_IN_{name.upper()}": value for name, value in faults.items()},
        }
        environment.pop("ANDROID_SERIAL", None)
        return subprocess.run(
            [*shell, str(KIT / program), *map(str, words)],
            input="not for adb\n",
            capture_output=True,
            text=True,
            env=environment,
            cwd=tmp_path,
        )

    return SimpleNamespace(home=home, tool=tools[0], litert_tool=tools[1], run=run)


@pytest.fixture
def export(tmp_path):
    """A folder like an export, for tests that run no file."""
    folder = tmp_path / "an export"  # with a space: paths of this computer may have one
    folder.mkdir()
    (folder / "model.tflite").write_bytes(b"TFL3" + bytes(20))
    return folder


@pytest.fixture
def awk():
    """Runs an awk script of the kit, `awk("log.awk", "-v", "code=0", text=LOG)`, for its output."""

    def run(script, *words, text=""):
        command = ["awk", "-f", str(KIT / "kit" / script), *map(str, words)]
        return subprocess.run(
            command, input=text, capture_output=True, text=True, check=True
        ).stdout

    return run


@pytest.fixture(scope="session")
def generator():
    """A small network with fresh weights and the contract of DNG folders."""
    from tfisp import models
    from tfisp.contract import AS_SHOT

    return models.create("efficient_isp", contract=AS_SHOT, seed=5)


@pytest.fixture(scope="session")
def real_export(generator, tmp_path_factory):
    """Real files: one of fixed size, one with float16 weights, one of free size; and a report."""
    import tensorflow as tf

    from tfisp.files import write_json
    from tfisp.rendering import metadata

    folder = tmp_path_factory.mktemp("real") / "exported"
    folder.mkdir()
    entries = [{"name": "saved_model", "target": "cpu"}]
    for name, shape, target in (
        ("model.tflite", (1, 16, 24, 4), "gpu"),
        ("model_float16.tflite", (1, 16, 24, 4), "gpu"),
        ("model_none.tflite", (1, None, None, 4), "cpu"),
    ):
        function = tf.function(
            lambda raw: generator(raw, training=False),
            input_signature=[tf.TensorSpec(shape, tf.float32, name="raw")],
        )
        converter = tf.lite.TFLiteConverter.from_concrete_functions(
            [function.get_concrete_function()]
        )
        if "float16" in name:
            converter.optimizations = [tf.lite.Optimize.DEFAULT]
            converter.target_spec.supported_types = [tf.float16]
        (folder / name).write_bytes(converter.convert())
        metadata.attach(folder / name, metadata.ModelMetadata.of(generator))
        entries.append({"name": name, "layers": [{"name": "a", "target": "b"}], "target": target})
    write_json(folder / "report.json", {"model": "efficient_isp", "files": entries})
    return folder


@pytest.fixture(scope="session")
def real_golden(real_export, tmp_path_factory):
    """The golden folder of `real_export`."""
    import golden

    folder = tmp_path_factory.mktemp("golden") / "golden"
    assert golden.run([f"--export={real_export}", f"--output={folder}", "--shape=1,16,24,4"]) == 0
    return folder
