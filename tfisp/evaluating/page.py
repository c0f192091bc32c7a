"""The page of a report: one HTML file that shows the figures and the pictures beside it.

It asks for nothing from any network, so it works from a disk as from a web server. Its parts are
plain files in `page_files`, put together here. All that comes from outside (names of systems,
images and files) goes into the page as JSON, from which its script makes text and never markup.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from tfisp._version import __version__
from tfisp.evaluating.gallery import WHOLE
from tfisp.evaluating.kept import PICTURES
from tfisp.evaluating.measuring import Measured, Plan
from tfisp.metrics import report
from tfisp.metrics.registry import find
from tfisp.webpage import fill, page_file

# Scripts of the pictures with slider and zoom, in the order in which they need each other. The
# markup they work on is `viewer.html`, their style `page.css`.
VIEWER = ("zoom.js", "histogram.js", "viewer.js", "input.js", "theme.js")

_SCRIPTS = ("dom.js", "tables.js", *VIEWER, "main.js")


def page(
    plan: Plan,
    found: Sequence[Measured],
    summary: report.Summary,
    groups: Sequence[report.Group],
    sets: Mapping[str, Mapping[str, Any]],
    title: str,
    notes: Sequence[str],
) -> str:
    """The page as HTML.

    Args:
        plan: What was measured.
        found: The results, image by image.
        summary: What `tfisp.metrics.report.summarise` says of them.
        groups: What `tfisp.metrics.report.by_iso` says.
        sets: System -> measure of sets -> `value` and `interval`.
        title: What the report is about, in a few words.
        notes: Sentences that must not be overlooked.
    """
    data = {
        "version": __version__,
        "over": report.means_over(len(found)),
        "notes": list(notes),
        "measures": [_measure(name, plan) for name in plan.measures],
        "systems": [{"name": name, "about": system.about} for name, system in plan.systems.items()],
        "views": plan.views,
        "sets": _sets(sets, plan),
        "results": _cells(summary, plan),
        "groups": [
            {
                "title": group.title,
                "images": group.images,
                "few": report.few(group.images) is not None,
                "results": _cells(group.summary, plan),
            }
            for group in groups
        ],
        "images": [_image(measured, plan) for measured in found],
        "folder": PICTURES,
        "whole": WHOLE,
    }
    return filled(title, data)


def filled(title: str, data: Mapping[str, Any]) -> str:
    """The page around its data.

    Args:
        title: Plain text.
        data: What `main.js` reads: JSON values, infinite numbers allowed.
    """
    return fill(
        part("page.html"),
        title,
        [part("page.css")],
        report.plain(dict(data)),
        list(map(part, _SCRIPTS)),
        viewer=part("viewer.html"),
    )


def part(name: str) -> str:
    """The text of a file in `page_files`; other pages share most of them."""
    return page_file("tfisp.evaluating", name)


def _cells(summary: report.Summary, plan: Plan) -> dict[str, list[Mapping[str, Any]]]:
    """System -> its cells, in the order of the measures."""
    return {
        system: [measures[name] for name in plan.measures] for system, measures in summary.items()
    }


def _sets(sets: Mapping[str, Mapping[str, Any]], plan: Plan) -> list[dict[str, Any]]:
    """The measures of sets, each with a value and an interval by system."""
    protocols = plan.beside.protocols() if plan.beside else {}
    return [
        {
            "name": report.label(name, protocols),
            "hint": report.hint(name),
            "protocol": protocols[name].text,
            "values": [sets[system][name] for system in plan.systems],
        }
        for name in (plan.beside.sets if plan.beside else ())
    ]


def _measure(name: str, plan: Plan) -> dict[str, Any]:
    metric = find(name)
    return {
        "name": report.label(name, plan.protocols),
        "hint": report.hint(name),
        "lower": metric.lower_better,
        "protocol": plan.protocols[name].text,
    }


def _image(measured: Measured, plan: Plan) -> dict[str, Any]:
    """An image: its figures by system and measure, and what is shown of it by view."""
    entries = measured.entries
    systems = [entries[name] for name in plan.systems]
    image: dict[str, Any] = {
        "name": measured.name,
        "size": systems[0].size,
        "values": [[entry.values[name] for name in plan.measures] for entry in systems],
        "gains": [entry.gain for entry in systems] if plan.match_exposure else None,
    }
    if measured.shown:
        views = [entries[name] for name in plan.views]
        image["thumbnail"] = next((entry.thumbnail for entry in views if entry.thumbnail), None)
        image["pictures"] = [entry.picture for entry in views]
        image["histograms"] = [entry.histogram for entry in views]
    return image
