"""The table of how files are made; tests/exporting/test_conversion.py runs each of its rows."""

from tfisp.exporting.artifacts import ARTIFACTS
from tfisp.exporting.kinds import KINDS


def test_every_artifact_has_its_row():
    assert list(KINDS) == [artifact.name for artifact in ARTIFACTS]
