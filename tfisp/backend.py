"""Keras must run on TensorFlow with channels last; else it is refused before TensorFlow loads.

Keras reads its configuration once, at import: `KERAS_BACKEND`, then `keras.json` in `$KERAS_HOME`
or `~/.keras` (https://keras.io/getting_started/#configuring-your-backend). With another backend
tfisp's gradient tapes would fail deep inside Keras, and with `channels_first` every convolution
would silently read rows as channels. So the same places are read here first, without importing
Keras, and the answer is one line.
"""

import json
import os
import sys
from pathlib import Path

from tfisp.errors import InputError

BACKEND = "tensorflow"
LAYOUT = "channels_last"


def require_tensorflow() -> None:
    """Checks the Keras configuration and quiets TensorFlow's C++ log.

    Call it before the first import of TensorFlow or Keras: `cli.run` does so for programs, the
    package when one of its TensorFlow parts is first asked for. It is cheap and may be repeated.

    Raises:
        InputError: another backend or `channels_first` is configured, or Keras is already loaded
            with one of them.
    """
    # 2 hides information and warnings. Without an NVIDIA device the errors go too: there is only
    # the one about its absence, and a real failure raises. A value of the user's own stays.
    has_gpu = os.path.exists("/dev/nvidiactl")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2" if has_gpu else "3")
    keras = sys.modules.get("keras")
    if keras is not None and hasattr(keras, "config"):
        _check_backend(keras.config.backend(), "the Keras that is already loaded")
        _check_layout(keras.config.image_data_format(), "the Keras that is already loaded")
        return
    path, settings = _keras_json()
    if os.environ.get("KERAS_BACKEND"):
        _check_backend(os.environ["KERAS_BACKEND"], "the environment variable KERAS_BACKEND")
    else:
        _check_backend(settings.get("backend", BACKEND), str(path))
    _check_layout(settings.get("image_data_format", LAYOUT), str(path))


def _check_backend(backend: str, where: str) -> None:
    if backend != BACKEND:
        raise InputError(
            f"{where} asks for the Keras backend '{backend}', but tfisp needs '{BACKEND}'"
            f" (set KERAS_BACKEND={BACKEND})"
        )


def _check_layout(layout: str, where: str) -> None:
    if layout != LAYOUT:
        raise InputError(
            f"{where} sets image_data_format to '{layout}', but tfisp needs '{LAYOUT}'"
        )


def _keras_json() -> tuple[Path, dict]:
    """The user's Keras configuration file and its content; as in Keras, a broken file is empty."""
    home = os.environ.get("KERAS_HOME") or os.path.join(os.path.expanduser("~"), ".keras")
    path = Path(home).expanduser() / "keras.json"
    try:
        settings = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return path, {}
    return path, settings if isinstance(settings, dict) else {}
