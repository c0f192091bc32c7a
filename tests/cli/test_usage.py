"""What `--help` says: heads, forms of values, names that are known, defaults."""

from absl.flags import FlagValues

from tfisp.cli import flags, usage


def shown(define):
    """Head -> the lines below it."""
    values = FlagValues()
    define(values)
    _, *parts = usage.text("tfisp.try", "Tries.", values).split("\n\n")
    heads = [part.partition(":\n") for part in parts[1:]]
    return {head: lines.splitlines() for head, _, lines in heads}


def test_flags_stand_under_their_heads_in_the_order_of_registration():
    def define(values):
        flags.integer(values, "first", 1, "A.")
        flags.heading(values, "later")
        flags.path(values, "second", None, "B.", required=True)
        flags.heading(values, "other")
        flags.boolean(values, "third", True, "C.")
        flags.heading(values, "later")
        flags.size(values, "fourth", (2, 3), "D.")

    assert {head: lines for head, lines in shown(define).items() if "common" not in head} == {
        "flags": ["  --first=N", "      A. Default: 1."],
        "later": [
            "  --second=PATH",
            "      B. (required)",
            "  --fourth=HEIGHTxWIDTH",
            "      D. Default: 2x3.",
        ],
        "other": ["  --[no]third", "      C. Default: on."],
    }


def test_names_are_listed_unless_the_help_has_them_all():
    def define(values):
        flags.choice(values, "one", "a", ("a", "b+"), "Letters.")
        flags.choice(values, "said", None, ("a", "b+"), "a, or b+ for more.")
        flags.choice(values, "partly", None, ("val", "test"), "For val_pairs, test.")
        flags.names(values, "some", (), "Letters.", choices=("c", "d"))
        flags.names(values, "open", ("c",), "Letters.", known=["c", "e"])
        flags.text(values, "text", None, "A name, or a file.", known=["f"])
        flags.path(values, "file", None, "Of a preset.", known=["g"])
        flags.paths(values, "files", (), "Of presets.", known=["h"])

    assert shown(define)["flags"] == [
        "  --one=NAME",
        "      Letters. One of: a, b+. Default: a.",
        "  --said=NAME",
        "      a, or b+ for more.",
        "  --partly=NAME",
        "      For val_pairs, test. One of: val, test.",
        "  --some=NAME,...",
        "      Letters. Known: c, d.",
        "  --open=NAME,...",
        "      Letters. Known: c, e. Default: c.",
        "  --text=TEXT",
        "      A name, or a file. Known: f.",
        "  --file=PATH",
        "      Of a preset. Known: g.",
        "  --files=PATH,...",
        "      Of presets. Known: h.",
    ]


def test_a_program_without_flags_has_the_common_ones():
    assert list(shown(lambda values: None)) == ["flags"]
