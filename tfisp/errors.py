"""The one kind of error that is the user's to mend.

Programs print its message as a single line and exit; anything else is a defect of tfisp and shows
its traceback.
"""

# Characters of a message.
LONGEST = 8000


class InputError(ValueError):
    """Something the user gave is wrong: a file, a folder, a value.

    The message is one line that names the file or flag, what was found and what was expected. Of a
    longer one, which quotes what a damaged or hostile file holds, both ends are shown.
    """

    def __str__(self) -> str:
        text = super().__str__()
        if len(text) <= LONGEST:
            return text
        return f"{text[: LONGEST // 2]} ... {text[-LONGEST // 4 :]}"


class UsageError(InputError):
    """A command line that cannot be understood: programs exit with 2 instead of 1."""


def first_line(error: BaseException) -> str:
    """What an error says, in one line; its kind where it says nothing."""
    return (str(error).strip() or repr(error)).splitlines()[0]
