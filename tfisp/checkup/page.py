"""The page of a checkup: one HTML file with pictures, curves and findings, and no network."""

import base64
from collections.abc import Mapping, Sequence
from typing import Any

from tfisp.checkup.picture import PictureFacts
from tfisp.checkup.survey import Survey
from tfisp.data.listing import evenly
from tfisp.rendering.encoding import encode_jpeg
from tfisp.webpage import fill, page_file

# Pictures in a strip, and how they are stored in it.
_SHOWN, _QUALITY = 12, 80

# Not on the page, which shows all files together: those of a large folder would make it slow.
_LEFT_OUT = ("captures", "pictures")

_SCRIPTS = ("charts.js", "checkup.js")


def page(survey: Survey, facts: Mapping[str, Any], title: str) -> str:
    """The page as HTML.

    Args:
        survey: For its pictures.
        facts: What `tfisp.checkup.report.report` says.
        title: What was looked at, in a few words.
    """
    data = {name: value for name, value in facts.items() if name not in _LEFT_OUT}
    data["strips"] = {
        "RAW files, as their references show them": _strip(survey.references),
        "Photographs": _strip(survey.photographs),
    }
    shared, own = "tfisp.evaluating", "tfisp.checkup"
    styles = [page_file(shared, "page.css"), page_file(own, "checkup.css")]
    scripts = [page_file(shared, "dom.js"), *(page_file(own, name) for name in _SCRIPTS)]
    template = page_file(own, "checkup.html")
    return fill(template, title, styles, data, scripts, pictures_beside=False)


def _strip(pictures: Sequence[PictureFacts]) -> list[dict[str, str]]:
    """A few pictures with their names, as addresses that hold them."""
    return [
        {"name": picture.name, "source": _address(picture)} for picture in evenly(pictures, _SHOWN)
    ]


def _address(picture: PictureFacts) -> str:
    content = base64.b64encode(encode_jpeg(picture.thumbnail, _QUALITY)).decode("ascii")
    return f"data:image/jpeg;base64,{content}"
