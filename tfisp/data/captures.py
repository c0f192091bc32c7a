"""What a file says about a capture, as JSON values and back."""

from dataclasses import asdict
from typing import Any

import numpy as np

from tfisp.sensor import Capture


def capture_to_facts(capture: Capture) -> dict[str, Any]:
    """A capture as JSON values."""
    facts = asdict(capture)
    if capture.shading is not None:
        facts["shading"] = capture.shading.tolist()
    return facts


def capture_of_facts(facts: dict[str, Any]) -> Capture:
    """The inverse of `capture_to_facts`; JSON's lists become the tuples and the array they were."""
    values = {
        name: _as_tuple(value) if isinstance(value, list) and name != "shading" else value
        for name, value in facts.items()
    }
    if values["shading"] is not None:
        values["shading"] = np.asarray(values["shading"], np.float32)
    return Capture(**values)


def _as_tuple(value: Any) -> Any:
    return tuple(_as_tuple(item) for item in value) if isinstance(value, list) else value
