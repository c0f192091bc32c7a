"""Notes when a run looks sick, from the numbers that it logs.

Each rule looks at a window of the log or at the last two drawings of the scenes, and says its
sentence once per stage and subject. As the log is all that it reads, a run that goes on and a
report that is made later say the same. docs/RUNS.md tells what to do about each.

The thresholds were set between what healthy runs showed and what spoilt ones did. The healthy ones:
the smoke test of the paper's method (random frozen networks, so a rough ride: 400 and 300 steps)
and `unpaired_plus` on 24 photographs (250 steps a stage).
"""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

# A window is so many lines of the log, at least so many steps apart: the paper's critics learn at
# every tenth step, so each line tells of another state of theirs.
LINES, APART = 10, 10

# Below it a gradient is not scaled to norm 1 any more: the epsilon of `adaptation`. A critic whose
# score does not depend on the picture sends 0, and its margin is 0; one that has only just begun to
# learn has a margin of 1e-7 too, but sent 5e-5 and more in healthy runs.
NO_GRADIENT = 1e-8
# The logistic loss of a margin of 4.6: each pair is told apart with a certainty of 99 %. Healthy
# critics stayed at 0.67 to 0.72.
SATURATED = 0.01
# Full scale: 25 8-bit steps further from the targets' mean colour than the stage began. The mean
# over a window of small batches moved by 0.01 in healthy runs.
DRIFT = 0.1
# Times the loss's lowest window; 3 in healthy runs with random frozen networks.
DIVERGED = 10.0
# Share of the reference's spread; 0.4 and more in healthy runs from the 50th step on.
DEAD = 0.05
# Share of a channel's values; up to 0.24 with random critics, none with `unpaired_plus`.
CLIPPED = 0.4
# Full scale: 8 8-bit steps. Networks begin with 0.3 and grow out of it. Of two drawings 50 steps
# apart, the lesser was up to 0.022 (falling by half) in the first 100 steps of the smoke test, up
# to 0.016 in the first 200 of `unpaired_plus`, and 0.005 later on.
GRID = 0.03


@dataclass(frozen=True)
class Note:
    """What looks sick.

    Attributes:
        stage: Number of the stage, from 0.
        recipe: Its name.
        step: After how many of its steps it was seen.
        text: One sentence.
    """

    stage: int
    recipe: str
    step: int
    text: str

    def __str__(self) -> str:
        """The sentence with its place."""
        return f"{self.recipe} step {self.step}: {self.text}"


Line = Mapping[str, Any]
# What a rule finds: the subject that it speaks of, and its sentence.
Findings = Iterator[tuple[str, str]]


@dataclass
class _Stage:
    """What is known of a stage while it is heard of.

    Attributes:
        number: From 0.
        compared: Tags of the losses that compare with something.
        follows: Whether it is to make pictures like the targets.
        window: The last lines that count.
        lowest: Tag -> the lowest mean of a window.
        distance: Of mean colours, in the first window.
        drawn: The line of the last drawing.
        told: Subjects of which something was said.
    """

    number: int
    compared: Sequence[str]
    follows: bool
    window: deque[Line] = field(default_factory=lambda: deque(maxlen=LINES))
    lowest: dict[str, float] = field(default_factory=dict)
    distance: float | None = None
    drawn: Line | None = None
    told: set[str] = field(default_factory=set)


class Watch:
    """Hears every line of a run's log, from the first on.

    Args:
        recipes: Of the stages, as `run.json` has them (`dataclasses.asdict` of a `Recipe`).
    """

    def __init__(self, recipes: Sequence[Mapping[str, Any]]) -> None:
        self._recipes = recipes
        self._stage: _Stage | None = None

    def hear(self, line: Line) -> list[Note]:
        """Takes in a line of `metrics.jsonl`; returns what it shows for the first time."""
        stage = self._stage
        if stage is None or stage.number != line["stage"]:
            stage = self._stage = _begin(line["stage"], self._recipes[line["stage"]])
        found: dict[str, str] = {}
        if "picture/grid" in line and line["step"] > 0:
            found |= dict(_pictures(stage.drawn, line)) if stage.drawn else {}
            stage.drawn = line
        due = not stage.window or line["step"] >= stage.window[-1]["step"] + APART
        if due and any(tag.startswith("loss/") for tag in line):
            stage.window.append(line)
            if len(stage.window) == LINES:
                found |= dict(_losses(stage))
        new = {subject: text for subject, text in found.items() if subject not in stage.told}
        stage.told.update(new)
        return [Note(line["stage"], line["recipe"], line["step"], text) for text in new.values()]


def notes(lines: Iterable[Line], recipes: Sequence[Mapping[str, Any]]) -> list[Note]:
    """All notes of a log.

    Args:
        lines: Of `metrics.jsonl`.
        recipes: As for `Watch`.
    """
    watch = Watch(recipes)
    return [note for line in lines for note in watch.hear(line)]


def _begin(number: int, recipe: Mapping[str, Any]) -> _Stage:
    """A stage of which nothing was heard yet."""
    compared = {o["name"]: o["compares"] for o in recipe["objectives"] if o["compares"]}
    follows = bool(recipe["critics"]) or "target" in compared.values()
    return _Stage(number, [f"loss/{name}" for name in compared], follows)


def _losses(stage: _Stage) -> Findings:
    """What a full window shows."""
    window = list(stage.window)
    yield from _critics(window)
    for tag in stage.compared:
        mean = _mean(window, tag)
        lowest = stage.lowest[tag] = min(mean, stage.lowest.get(tag, mean))
        if mean > DIVERGED * lowest > 0:
            yield (
                tag,
                f"the loss {tag.removeprefix('loss/')} diverges: {mean:.3g} on average, and"
                f" {lowest:.3g} before",
            )
    distance = _distance(window) if stage.follows else None
    if distance is None:
        return
    first = stage.distance = distance if stage.distance is None else stage.distance
    if distance > first + DRIFT:
        yield (
            "drift",
            f"colours drift: the mean colour of generated pictures is {255 * distance:.0f}"
            f" 8-bit steps from the targets', {255 * first:.0f} when the stage began",
        )


def _critics(window: Sequence[Line]) -> Findings:
    """Critics that have nothing to say to the generator."""
    for tag in window[-1]:
        kind, _, rest = tag.partition("/")
        name, _, part = rest.partition("/")
        if kind != "critic" or part != "margin" or not all(tag in line for line in window):
            continue
        norms = [line[f"grad_norm/{name}"] for line in window]
        losses = [line[f"critic/{name}/adversarial"] for line in window]
        if max(norms) < NO_GRADIENT:
            yield (
                name,
                (
                    f"the critic {name} has collapsed: its score depends on the picture no more"
                    f" (margin {_mean(window, tag):.1g})"
                ),
            )
        # The loss of wgan_gp has no lower end, and is minus the margin.
        elif max(losses) < SATURATED and min(losses) >= 0 < min(line[tag] for line in window):
            yield (
                name,
                f"the critic {name} is saturated: it tells all photographs from generated"
                f" pictures (margin {_mean(window, tag):.1f})",
            )


def _pictures(before: Line, now: Line) -> Findings:
    """What two drawings in a row show; a network that has just begun to learn looks so once."""
    for channel, name in (("r", "red"), ("g", "green"), ("b", "blue")):
        spread = max(line[f"picture/spread_{channel}"] for line in (before, now))
        clipped = min(line[f"picture/clipped_{channel}"] for line in (before, now))
        if spread < DEAD:
            yield (
                f"dead {name}",
                f"the {name} channel is dead: its values spread {100 * spread:.1f} % as wide as in"
                " the reference",
            )
        elif clipped > CLIPPED:
            yield (
                f"clipped {name}",
                f"the {name} channel is clipped: {100 * clipped:.0f} % of its values lie at the"
                " ends of the range, beyond what the reference has there",
            )
    first, second = (line["picture/grid"] for line in (before, now))
    if min(first, second) > GRID and second > first / 2:
        yield (
            "grid",
            f"a grid repeats over all pictures, {255 * second:.0f} 8-bit steps strong, at the"
            " period of the network's upsampling",
        )


def _mean(window: Sequence[Line], tag: str) -> float:
    return sum(line[tag] for line in window) / len(window)


def _distance(window: Sequence[Line]) -> float | None:
    """How far mean colours are apart, in the channel where most; None if not all are logged."""
    tags = [(f"color/generated_{c}", f"color/target_{c}") for c in "rgb"]
    if any(tag not in line for line in window for pair in tags for tag in pair):
        return None
    return max(abs(_mean(window, ours) - _mean(window, theirs)) for ours, theirs in tags)
