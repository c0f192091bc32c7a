"""Saves what stages end with; as the run's model, only an end that is no worse than its start."""

from collections.abc import Sequence

from tfisp import models
from tfisp.data.base import Dataset
from tfisp.files import write_json
from tfisp.models.generator import Generator
from tfisp.training.config import TrainConfig
from tfisp.training.model_card import model_card
from tfisp.training.monitor import Monitor
from tfisp.training.run_folder import RunFolder
from tfisp.training.verdict import Judge, Verdict, renderer


class Publisher:
    """Writes presets into a run's folder.

    Args:
        config: Of the run.
        folder: Of the run.
        dataset: open.
        initial: The generator before the first stage.
        keep_if_worse: Publish the last stage's end even if the verdict is against it.
        notes: What a user of the presets must know.
    """

    def __init__(
        self,
        config: TrainConfig,
        folder: RunFolder,
        dataset: Dataset,
        initial: Generator,
        keep_if_worse: bool,
        notes: Sequence[str],
    ) -> None:
        self._config, self._folder, self._dataset = config, folder, dataset
        self._initial, self._keep_if_worse, self._notes = initial, keep_if_worse, notes

    def publish(self, index: int, generator: Generator, monitor: Monitor) -> None:
        """Saves what a stage ended with as a preset; after the last one, the run's model too.

        Args:
            index: Number of the stage.
            generator: Its averaged weights.
            monitor: Is told of the verdict.
        """
        finished = generator.computing_in("float32")
        self._save(index, finished, str(self._folder.stage(index, self._name(index))))
        if index < len(self._config.stages) - 1:
            return
        kept, learnt = finished, index
        if self._config.stages[index].recipe.needs_photographs:
            start = self.start_of(index)
            verdict = self._judge(start, finished, monitor)
            if not (verdict.better or self._keep_if_worse):
                monitor.say(
                    "the run's model is what the stage started from; --keep_if_worse keeps its end"
                )
                kept, learnt = start, max(index - 1, 0)
        self._save(learnt, kept, str(self._folder.model))

    def _judge(self, start: Generator, finished: Generator, monitor: Monitor) -> Verdict:
        """Compares a stage's end with its start, and tells."""
        judge = Judge(self._dataset)
        verdict = Verdict(*(judge.judge(renderer(network)) for network in (start, finished)))
        write_json(self._folder.verdict, verdict.to_dict())
        monitor.say(f"verdict: {verdict}")
        return verdict

    def start_of(self, index: int) -> Generator:
        """The generator that a stage started from."""
        if index == 0:
            return self._initial.computing_in("float32")
        return models.from_preset(self._folder.stage(index - 1, self._name(index - 1)))

    def _name(self, index: int) -> str:
        return self._config.stages[index].recipe.name

    def _save(self, index: int, generator: Generator, folder: str) -> None:
        card = model_card(self._config, index, self._notes)
        models.save_to_preset(
            generator, folder, sensor=self._dataset.sensor, card=card, overwrite=True
        )
