"""A finding: what is wrong with data, how bad that is, and what mends it."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

# Files that a finding names, at the most.
_NAMED = 5


@dataclass(frozen=True)
class Finding:
    """Something that is wrong with a data set.

    Attributes:
        name: What it is called in reports: letters and underscores.
        pointless: Whether training on this data makes no sense; else it is advice.
        text: What was found, with its numbers, a sentence.
        advice: What mends it, with the flag that does, a sentence.
        files: The files that show it, a few of them.
        count: How many there are.
    """

    name: str
    pointless: bool
    text: str
    advice: str
    files: tuple[str, ...] = ()
    count: int = 0

    @classmethod
    def about(
        cls, name: str, text: str, advice: str, files: Sequence[object], *, pointless: bool = False
    ) -> "Finding":
        """A finding about files."""
        return cls(name, pointless, text, advice, tuple(map(str, files[:_NAMED])), len(files))

    @property
    def line(self) -> str:
        """The finding as a line of text."""
        kind = "pointless" if self.pointless else "advice"
        rest = f" and {self.count - len(self.files)} more" if self.count > len(self.files) else ""
        shown = f" ({', '.join(self.files)}{rest})" if self.files else ""
        line = f"{kind}: {self.name}: {self.text}{shown}; {self.advice}"
        return re.sub(r"\s*\n\s*", " ", line)  # names of files may have several lines
