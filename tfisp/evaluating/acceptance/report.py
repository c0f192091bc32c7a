"""The files of an acceptance test: figures as JSON and Markdown, and a page with charts."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tfisp._version import __version__
from tfisp.charts.chart import Chart, Curve
from tfisp.charts.markup import Markup, element, joined
from tfisp.charts.sheet import sheet
from tfisp.charts.svg import draw
from tfisp.evaluating.acceptance.measures import MEASURES
from tfisp.evaluating.acceptance.probes import AS_SHOT, PROBES, Findings, Result
from tfisp.evaluating.page import part
from tfisp.files import write_json, write_text
from tfisp.rendering.pictures import strip, write_picture
from tfisp.webpage import fill, page_file

# Colours of systems in charts, and the longer side of pictures in strips.
_PALETTE = ("--accent", "--red", "--green", "--violet", "--soft")
_SIDE, _SIDE_OF_FILE = 200, 700
_START = 'function start() { themes(document.getElementById("theme")); }'
_DIGITS = {"mtf50": 3, "clipped": 3}


def write(output: Path, findings: Findings, about: Mapping[str, Any]) -> str:
    """Writes summary.json, summary.md, report.html, PROBE.svg and pictures/ into a folder.

    Args:
        output: The folder.
        findings: What was measured.
        about: What it was measured on, as JSON values; `notes` are sentences for the reader.

    Returns:
        The summary as Markdown.
    """
    output.mkdir(parents=True, exist_ok=True)
    results = [{**r._asdict(), "values": r.values} for r in findings.results]
    measures = {name: f"{m.name}: {m.about}" for name, m in MEASURES.items()}
    facts = {"version": __version__, **about, "measures": measures, "results": results}
    write_json(output / "summary.json", facts)
    for probe, pictures in findings.pictures.items():
        # Each system's pictures in a column, each setting in a row.
        shown = strip(pictures, _SIDE_OF_FILE if probe == AS_SHOT else _SIDE)
        write_picture(output / _picture(probe), shown)
        if charts := _charts(probe, _of(findings, probe)):
            write_text(output / f"{probe}.svg", sheet(charts))
    markdown = _markdown(findings, about)
    write_text(output / "summary.md", markdown)
    write_text(output / "report.html", _page(findings, about))
    return markdown


def _picture(probe: str) -> str:
    return f"pictures/{probe.replace(' ', '_')}.png"


def _title(probe: str) -> str:
    return "The file as it was shot" if probe == AS_SHOT else PROBES[probe].title


def _systems(results: Sequence[Result]) -> list[str]:
    return list(dict.fromkeys(result.system for result in results))


def _cells(result: Result) -> list[str]:
    values = result.values.items()
    return ["" if v is None else f"{v:.{_DIGITS.get(name, 2)}f}" for name, v in values]


def _markdown(findings: Findings, about: Mapping[str, Any]) -> str:
    """Tables of all figures."""
    lines = [f"# Chart: {about['chart']}", "", *(f"- {note}" for note in about["notes"]), ""]
    heads = ["", "system", *(m.name for m in MEASURES.values())]
    for probe in findings.pictures:
        lines += [f"## {_title(probe)}", "", f"| {' | '.join(heads)} |"]
        lines.append("|---|---|" + "---:|" * len(MEASURES))
        for result in _of(findings, probe):
            cells = [result.setting, result.system, *_cells(result)]
            lines.append(f"| {' | '.join(cells)} |")
        lines.append("")
    lines += [f"- {m.name}: {m.about}" for m in MEASURES.values()]
    return "\n".join(lines) + "\n"


def _of(findings: Findings, probe: str) -> list[Result]:
    return [result for result in findings.results if result.probe == probe]


def _page(findings: Findings, about: Mapping[str, Any]) -> str:
    notes = element("ul", {"id": "notes"}, *(element("li", None, note) for note in about["notes"]))
    sections = [_section(findings, probe) for probe in findings.pictures]
    return fill(
        part("sections.html"),
        f"Chart: {about['chart']}",
        [part("page.css"), page_file("tfisp.charts", "charts.css")],
        {},
        [part("theme.js"), _START],
        top=notes,
        viewer="",
        below=joined(*sections),
        footer=joined(f"tfisp {__version__}"),
    )


def _section(findings: Findings, probe: str) -> Markup:
    """A probe's charts, pictures and figures."""
    results = _of(findings, probe)
    charts = [draw(chart) for chart in _charts(probe, results)]
    picture = {"src": _picture(probe), "alt": f"pictures of {probe}", "class": "strip"}
    return element(
        "section",
        None,
        element("h2", None, _title(probe)),
        element("div", {"class": "charts"}, *charts),
        element("div", {"class": "scroll"}, _table(results)),
        Markup(element("img", picture).removesuffix("</img>")),
    )


def _table(results: Sequence[Result]) -> Markup:
    heads = ("", "system", *(m.name for m in MEASURES.values()))
    rows = [(r.setting, r.system, *_cells(r)) for r in results]
    head = element("thead", None, element("tr", None, *(element("th", None, h) for h in heads)))
    lines = [element("tr", None, *(element("td", None, cell) for cell in row)) for row in rows]
    return element("table", None, head, element("tbody", None, *lines))


def _charts(probe: str, results: Sequence[Result]) -> list[Chart]:
    """A chart for each measure, over the settings of a probe."""
    found = []
    for name, measure in MEASURES.items() if probe != AS_SHOT else ():
        curves = []
        for number, system in enumerate(_systems(results)):
            places = [(r.x, r.values[name]) for r in results if r.system == system]
            known = [(x, y) for x, y in places if y is not None]
            if known:
                x, y = np.array(known, float).T
                colour = _PALETTE[number % len(_PALETTE)]
                curves.append(Curve(system, x, y, colour, dashed=number >= len(_PALETTE)))
        if curves:
            found.append(Chart(measure.name, measure.about, tuple(curves), x_ratios=probe == "iso"))
    return found
