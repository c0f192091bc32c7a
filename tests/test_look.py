"""The program `tfisp.look`: a look from folders, without TensorFlow, and what it warns of."""

import subprocess
import sys

import cv2
import numpy as np
import pytest

from tests.helpers.data_files import scene
from tfisp import look
from tfisp.looks import read_cube


@pytest.fixture(scope="module")
def photographs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("photographs")
    for index in range(24):
        cv2.imwrite(str(folder / f"{index}.png"), scene(48, 64, index))
    return folder


def words(photographs, tmp_path, *more):
    return [
        "--data=unprocessed",
        f"--raw_dir={photographs}",
        f"--cache_dir={tmp_path / 'cache'}",
        f"--output={tmp_path / 'out' / 'mine.cube'}",
        *more,
    ]


def test_a_look_and_a_strip_are_written(photographs, tmp_path, capsys):
    # The look to be found makes everything darker: half of each value.
    truth = tmp_path / "truth.cube"
    truth.write_text("LUT_1D_SIZE 2\n0 0 0\n.5 .5 .5\n")
    options = words(photographs, tmp_path, f"--look={truth}", "--family=mean", "--noise=none")
    assert look.run(options) == 0
    out, err = capsys.readouterr()
    assert "mean, from 10 references and 10 photographs" in out
    assert out.splitlines()[-1].startswith(str(tmp_path / "out" / "mine.cube"))
    assert "unlike" not in err
    cube = read_cube(tmp_path / "out" / "mine.cube")
    assert (cube.size, cube.title) == (33, "mine")
    grey = np.full(3, 0.6, np.float32)
    assert (cube.apply(grey) < 0.5).all()
    strip = cv2.imread(str(tmp_path / "out" / "mine.png"))
    # Pictures of 24 x 32 pixels in columns of 48, with 8 between them and below.
    before, after = strip[-32:-8, 8:40], strip[-32:-8, 64:96]
    assert after.mean() < before.mean() - 20


def test_tensorflow_is_not_loaded(photographs, tmp_path):
    code = (
        "import sys\nfrom tfisp import look\ncode = look.run(sys.argv[1:])\n"
        "heavy = [name for name in ('tensorflow', 'keras') if name in sys.modules]\n"
        "assert not heavy, heavy\nsys.exit(code)"
    )
    command = [sys.executable, "-c", code, *words(photographs, tmp_path, "--scenes=3")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "from 3 references and 3 photographs" in done.stdout


@pytest.mark.parametrize(
    ("more", "code", "message"),
    [
        (["--output=look.txt"], 2, "--output=look.txt: expected a name that ends in .cube"),
        (["--family=curves"], 2, "--family=curves"),
        (["--data=folders", "--raw_dir=none"], 1, "--raw_dir=none"),
    ],
)
def test_mistakes_are_one_line(photographs, tmp_path, capsys, more, code, message):
    assert look.run(words(photographs, tmp_path, *more)) == code
    err = capsys.readouterr().err
    assert message in err
    assert err.count("\n") == 1
