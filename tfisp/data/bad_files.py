"""What happens to a file that cannot be used: the run stops, or goes on without it."""

import threading

from tfisp.errors import InputError


class BadFiles:
    """Receives every unusable file, from any thread.

    Attributes:
        skipped: (path, reason) of each file set aside, each path once.

    Args:
        mode: "stop" raises the error that is reported, "skip" notes the file and lets it pass.
    """

    def __init__(self, mode: str = "stop") -> None:
        self._skip = mode == "skip"
        self._lock = threading.Lock()
        self.skipped: list[tuple[str, str]] = []

    def report(self, path: object, error: InputError) -> None:
        """Notes a bad file.

        Raises:
            InputError: `error` itself, unless bad files are skipped.
        """
        if not self._skip:
            raise error
        with self._lock:
            if all(str(path) != known for known, _ in self.skipped):
                self.skipped.append((str(path), str(error)))
