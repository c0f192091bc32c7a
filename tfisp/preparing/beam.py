"""Steps on an engine of Apache Beam: on this machine, Flink, Spark (docs/PREPARE.md).

Every worker sees the files and the output folder at the same paths. A step leaves its result there,
so nothing but tasks travels through the pipeline, and a worker that is lost costs what it was
working on.
"""

import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from tfisp.errors import InputError, UsageError


@dataclass(frozen=True)
class BeamPipeline:
    """An engine of `tfisp.preparing.job`: a pipeline for each step.

    Attributes:
        options: Words of Beam's command line: the runner, and what it wants to know.
    """

    options: tuple[str, ...]

    @classmethod
    def of_flag(cls, text: str) -> "BeamPipeline":
        """The engine for the value of `--beam_options`.

        Raises:
            UsageError: If Beam is not installed, or the words cannot be told apart.
        """
        try:
            import apache_beam  # noqa: F401
        except ImportError as error:
            raise UsageError(
                "--engine=beam: Apache Beam is not installed: pip install 'tfisp[beam]'"
            ) from error
        try:
            return cls(tuple(shlex.split(text)))
        except ValueError as error:
            raise UsageError(f"--beam_options={text}: {error}") from error

    def __enter__(self) -> "BeamPipeline":
        return self

    def __exit__(self, *error: object) -> None:
        """Nothing is kept open between steps."""

    def __call__(
        self, step: Callable[[Any], None], tasks: Sequence[Any], done: Callable[[int], None]
    ) -> None:
        """See `tfisp.preparing.job.Engine`; tells only of the end.

        Raises:
            InputError: If the pipeline fails.
        """
        import apache_beam as beam
        from apache_beam.options.pipeline_options import PipelineOptions

        try:
            with beam.Pipeline(options=PipelineOptions(list(self.options))) as pipeline:
                (
                    pipeline
                    | "tasks" >> beam.Create(tasks)
                    | "spread" >> beam.Reshuffle()
                    | step.__name__ >> beam.Map(step)
                )
        # Beam wraps errors of workers and of runners in many kinds, and names its own steps.
        except Exception as error:
            reason = str(error).strip().splitlines()
            raise InputError(
                f"--engine=beam: the pipeline failed: {reason[-1] if reason else error!r}; what is"
                " finished is kept, run the same command again to go on"
            ) from error
        for number in range(len(tasks)):
            done(number)
