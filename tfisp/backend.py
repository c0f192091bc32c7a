"""How TensorFlow is started: with Keras on top of it, channels last, and without chatter.

Keras reads its configuration once, at import: `KERAS_BACKEND`, then `keras.json` in `$KERAS_HOME`
or `~/.keras` (https://keras.io/getting_started/#configuring-your-backend). With another backend
tfisp's gradient tapes would fail deep inside Keras, and with `channels_first` every convolution
would silently read rows as channels. So the same places are read here first, without importing
Keras, and the answer is one line.
"""

import contextlib
import json
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from tfisp.errors import InputError
from tfisp.native_stderr import held_stderr

BACKEND = "tensorflow"
LAYOUT = "channels_last"

# Lines that TensorFlow and LiteRT write to stderr when all is well. TensorFlow 2.21 applies
# TF_CPP_MIN_LOG_LEVEL only once it is imported, so those of the import itself come in any case
# (https://github.com/tensorflow/tensorflow/issues/100442).
_CHATTER = re.compile(
    rb"^(I\d{4} |INFO: |fully_quantize: |WARNING: All log messages before absl::InitializeLog)"
)


def require_tensorflow() -> None:
    """Checks the Keras configuration and sets TensorFlow's log level; imports neither.

    Call it before the first import of TensorFlow or Keras. The package does so when one of its
    TensorFlow parts is first asked for. It is cheap and may be repeated.

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


def load_tensorflow() -> None:
    """Imports TensorFlow, after `require_tensorflow`, without what it prints when all is well.

    Raises:
        InputError: as `require_tensorflow`.
    """
    require_tensorflow()
    with without_chatter():
        import tensorflow  # noqa: F401


@contextlib.contextmanager
def without_chatter() -> Iterator[None]:
    """Holds back what native libraries write to stderr; then passes on all but routine messages."""
    if sys.stderr is None:  # started without one: descriptor 2 may be anything
        yield
        return
    with held_stderr(_CHATTER):
        yield


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
