"""Finds the real weights, photographs and RAW files that lie beside the checkout."""

import os
from pathlib import Path

import pytest

SHARED = Path(__file__).resolve().parents[3] / "shared"


def shared(name: str) -> Path:
    """The path of a shared file; without it the test is skipped, or fails where CI requires it."""
    path = SHARED / name
    if path.exists():
        return path
    reason = f"needs {path}, which is not here"
    if os.environ.get("TFISP_REQUIRE_SHARED") == "1":
        pytest.fail(reason)
    pytest.skip(reason)
