"""Finds the real weights, photographs and RAW files that lie beside the checkout."""

import os
from pathlib import Path

import pytest

SHARED = Path(__file__).resolve().parents[2] / "shared"


def shared(name: str) -> Path:
    """The path of a shared file or folder; skips the test (or fails it where CI requires them) if it is absent."""
    path = SHARED / name
    if path.exists():
        return path
    reason = f"needs {path}, which is not here"
    if os.environ.get("TFISP_REQUIRE_SHARED") == "1":
        pytest.fail(reason)
    pytest.skip(reason)
