"""CI does not skip what it should have."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

IN_TEST = "import pytest\ndef test_x():\n    pytest.importorskip('no_such_package')\n"
IN_MODULE = "import pytest\npytest.importorskip('no_such_package')\ndef test_x():\n    pass\n"
OTHER = "import pytest\ndef test_x():\n    pytest.skip('no such device')\n"


@pytest.mark.parametrize(("text", "fails"), [(IN_TEST, True), (IN_MODULE, True), (OTHER, False)])
def test_a_package_that_is_missing_fails_where_everything_is_required(tmp_path, text, fails):
    (tmp_path / "test_it.py").write_text(text)
    (tmp_path / "conftest.py").write_bytes((Path(__file__).parent / "conftest.py").read_bytes())

    def ended(required):
        environment = os.environ | {"TFISP_REQUIRE_SHARED": required}
        words = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-c", os.devnull]
        done = subprocess.run(
            [*words, tmp_path], env=environment, capture_output=True, text=True, cwd=tmp_path
        )
        return done.returncode, done.stdout

    assert "1 skipped" in ended("0")[1]
    code, shown = ended("1")
    assert ("no_such_package" in shown) == fails
    assert (code not in (0, 5)) == fails
