"""The page that shows a run: notes, verdict, pictures, curves, and how it was made.

It asks for nothing from any network; pictures lie beside it. It is a function of what the run's
folder holds, so one that was interrupted and went on ends with the page of one that was not, but
for the time it took.
"""

from collections.abc import Sequence
from pathlib import Path

from tfisp._version import __version__
from tfisp.charts.markup import Markup, element, joined
from tfisp.charts.svg import draw
from tfisp.evaluating.page import VIEWER, part
from tfisp.files import write_text
from tfisp.reporting.curves import charts, look_chart
from tfisp.reporting.record import Record, read_record
from tfisp.reporting.scenes import viewer_data
from tfisp.training.verdict import CONTENT_HELD, Verdict
from tfisp.webpage import fill, page_file

_HERE = "tfisp.reporting"


def write_report(folder: Path) -> Path:
    """Writes `report.html` into a run's folder, from what is there.

    Returns:
        Where it is.

    Raises:
        InputError: if the folder is no run's, or a file in it is damaged; names it.
    """
    record = read_record(folder)
    write_text(record.folder.report, page(record))
    return record.folder.report


def page(record: Record) -> str:
    """The page as HTML."""
    return fill(
        part("sections.html"),
        f"Run {record.folder.path.resolve().name}",
        [part("page.css"), page_file("tfisp.charts", "charts.css"), page_file(_HERE, "run.css")],
        viewer_data(record.folder.pictures, record.starts),
        [*map(part, ("dom.js", *VIEWER)), page_file(_HERE, "run.js")],
        top=joined(_state(record), _notes(record), _verdict(record.verdict)),
        viewer=part("viewer.html"),
        below=joined(_curves(record), _look(record), _facts(record), _flags(record)),
        footer=joined(f"tfisp {__version__}"),
    )


def _section(heading: str, *content: str) -> Markup:
    return element("section", None, element("h2", None, heading), *content)


def _state(record: Record) -> Markup:
    """How far the run is."""
    done, wanted = record.done, record.starts[-1]
    if done < wanted:
        text = f"Stopped after {done:,} of {wanted:,} steps; the same command continues."
    else:
        text = f"All {wanted:,} steps are done."
    return element("p", {"id": "state"}, text)


def _notes(record: Record) -> Markup:
    """What looks sick, and what a reader of the results must know."""
    sick = [element("li", {"class": "sick"}, str(note)) for note in record.health]
    known = [element("li", None, note) for note in record.versions.get("notes", [])]
    return element("ul", {"id": "notes"}, *sick, *known)


def _verdict(verdict: Verdict | None) -> Markup:
    """What can be said without pairs about the last stage."""
    if verdict is None:
        return Markup()
    before, after = verdict.before, verdict.after
    colour = "distance of colours from the photographs', 8-bit steps (lower is better)"
    content = (
        "correlation of gradients with the RAW's own (1 at best; held if it keeps"
        f" {100 * CONTENT_HELD:.0f} % of what it was)"
    )
    rows = [
        ("", "before the last stage", "after it"),
        (colour, f"{255 * before.colour:.2f}", f"{255 * after.colour:.2f}"),
        (content, f"{before.content:.4f}", f"{after.content:.4f}"),
    ]
    sentence = element("p", {"id": "verdict"}, str(verdict))
    return _section("Verdict without pairs", sentence, _table(rows))


def _table(rows: Sequence[Sequence[str]]) -> Markup:
    """The first row and column are heads."""
    head = element("tr", None, *(element("th", {"scope": "col"}, cell) for cell in rows[0]))
    body = [
        element(
            "tr",
            None,
            element("th", {"scope": "row"}, row[0]),
            *(element("td", None, cell) for cell in row[1:]),
        )
        for row in rows[1:]
    ]
    table = element("table", None, element("thead", None, head), element("tbody", None, *body))
    return element("div", {"class": "scroll"}, table)


def _curves(record: Record) -> Markup:
    """All curves, by heading; across are the steps of all stages."""
    ends = record.starts[1:-1]
    return joined(
        *(
            _section(heading, _grid(*(draw(chart, ends) for chart in shown)))
            for heading, shown in charts(record).items()
        )
    )


def _look(record: Record) -> Markup:
    if record.look is None:
        return Markup()
    return _section("Look of the target photographs", _grid(draw(look_chart(record.look))))


def _grid(*figures: Markup) -> Markup:
    return element("div", {"class": "charts"}, *figures)


def _facts(record: Record) -> Markup:
    """How the run was made."""
    config, versions, time = record.config, record.versions, record.time
    backbones = versions.get("backbones", {})
    facts = {
        "Stages": ", then ".join(f"{steps:,} steps of {name}" for name, steps in record.stages),
        "Generator": config["model"],
        "Data": f"{config['data']['name']}, patches of {config['data']['patch_size']} pixels,"
        f" batches of {config['batch_size']}",
        "Random": f"seed {config['seed']}: first weights, order of batches, critics"
        + "".join(f"; {name}: {origin}" for name, origin in backbones.items()),
        "Device": ", ".join(time.get("devices", [])) or "not known",
        "Time": _time(record),
        "Libraries": ", ".join(
            f"{name} {versions[name]}"
            for name in ("tfisp", "git", "python", "tensorflow", "keras", "numpy", "platform")
            if versions.get(name)
        ),
    }
    entries = [
        entry
        for name, text in facts.items()
        for entry in (element("dt", None, name), element("dd", None, str(text)))
    ]
    return _section("How it was made", element("dl", None, *entries))


def _time(record: Record) -> str:
    """How long it took."""
    if "seconds" not in record.time:
        return "not known"
    minutes, starts = record.time["seconds"] / 60, record.time["starts"]
    return f"{minutes:.1f} minutes" + (f", in {starts} starts" if starts > 1 else "")


def _flags(record: Record) -> Markup:
    """The command line, as the flag file that stands for it."""
    flags = record.folder.flags() if (record.folder.path / "flags.txt").is_file() else ""
    command = element("pre", None, "python -m tfisp.train --flagfile=flags.txt")
    return _section("Command line", command, element("pre", None, flags))
