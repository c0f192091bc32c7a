"""Says whether data is worth training on, and what will fail, without any training.

    python -m tfisp.doctor --raw_dir=RAW --target_dir=PHOTOGRAPHS --output=REPORT

Levels and light of the RAW files, sharpness, colours and compression of the photographs, scenes and
copies, both sides beside each other: each finding is a line with what mends it. REPORT gets
report.html, a page to look at, and report.json with all figures. Exit code 1 where training on the
data is pointless, else 0; with --strict 1 for any finding. What the findings mean: docs/DOCTOR.md.
"""

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from tfisp import cli
from tfisp.cli import flags, imports
from tfisp.cli.progress import Progress
from tfisp.data import flags as data_flags
from tfisp.errors import UsageError
from tfisp.files import write_json, write_text

# Side of the smallest patch: photographs need not be larger than that here.
_SMALLEST = 16

PAGE, FACTS = "report.html", "report.json"


def define(values: flags.FlagValues) -> None:
    """Registers the flags."""
    data_flags.define(values)
    values.set_default("reference", "opencv")  # tones and colours are what counts here, and time
    values.set_default("patch_size", _SMALLEST)
    values.set_default("on_bad_file", "skip")
    flags.heading(values, "the report")
    flags.path(values, "output", None, "Folder for the report.", required=True)
    flags.integer(
        values,
        "scenes",
        200,
        "Measure at most so many RAW files, and so many photographs, spread over all.",
        minimum=1,
    )
    flags.boolean(values, "strict", False, "Exit with 1 for any finding.")
    imports.define(values)


def main(values: flags.FlagValues, arguments: list[str]) -> int:
    """Examines one data set; 1 if training on it is pointless."""
    output = Path(values.output)
    if output.exists() and not output.is_dir():
        raise UsageError(f"--output={output}: not a folder")
    config = data_flags.make_config(values)
    from tfisp.checkup.page import page
    from tfisp.checkup.report import diagnose, report
    from tfisp.checkup.survey import survey
    from tfisp.data import open_dataset

    dataset = open_dataset(config, Progress())
    found = survey(dataset, values.scenes, Progress())
    findings = diagnose(found)
    facts = report(found, findings)
    write_json(output / FACTS, facts)
    sides = filter(None, (config.source[1], config.target_dir))
    title = f"Checkup of {' and '.join(os.path.basename(os.path.normpath(s)) for s in sides)}"
    write_text(output / PAGE, page(found, facts, title))
    for _, reason in dataset.skipped:
        print(f"skipped: {reason}", file=sys.stderr)
    for finding in findings:
        print(finding.line)
    pointless = sum(finding.pointless for finding in findings)
    verdict = f"{len(findings)} findings, {pointless} of which make training pointless"
    print(f"{verdict if findings else 'nothing found'}: {output / PAGE}")
    return int(bool(pointless or (values.strict and findings)))


def run(argv: Sequence[str] | None = None) -> int:
    """Runs the program; returns its exit code."""
    return cli.run(define, main, __doc__, argv, tensorflow=False)


if __name__ == "__main__":
    sys.exit(run())
