"""The networks of a run: the generator, and the frozen ones whose features its losses read."""

import os
from typing import NamedTuple

from tfisp import models
from tfisp.data.base import Dataset
from tfisp.errors import InputError
from tfisp.models.generator import Generator
from tfisp.naming import choose
from tfisp.perceptual import backbones, distance_registry
from tfisp.perceptual.bank import FeatureBank
from tfisp.perceptual.base import Backbone
from tfisp.perceptual.distance_registry import Distance
from tfisp.seeds import derive
from tfisp.training.config import TrainConfig, require_contract
from tfisp.training.objectives import features_of


class FrozenNetworks(NamedTuple):
    """All that is not trained.

    Attributes:
        bank: The frozen networks.
        distances: Name -> trained distance between features of one of them.
    """

    bank: FeatureBank
    distances: dict[str, Distance]

    def by_name(self) -> dict[str, Backbone | Distance]:
        """Each of them; all say where their weights are from (`weights`, `is_random`)."""
        return {**self.bank.backbones, **self.distances}


def load_frozen(config: TrainConfig) -> FrozenNetworks:
    """Loads every frozen network and trained distance that any stage reads.

    Raises:
        InputError: for an unknown network or layer, if weights are not found, or if patches are too
            small for one.
    """
    names = dict.fromkeys(
        name for stage in config.stages for name in stage.recipe.frozen_networks()
    )
    networks, faults = {}, []
    for name in names:
        try:
            networks[name] = backbones.create(
                name,
                config.weights.get(backbones.weights_key(name)),
                seed=derive(config.seed, "backbone", name),
                dtype=config.backbone_dtype,
            )
        except InputError as error:
            faults.append(str(error))
    if faults:  # all at once: each may take an errand to a machine with network
        raise InputError("; ".join(faults))
    trunks = {
        name: trunk for stage in config.stages for name, trunk in stage.recipe.distances().items()
    }
    bank = FeatureBank(networks)
    trained = {
        name: distance_registry.create(
            name, networks[trunk], config.weights.get(distance_registry.weights_key(name))
        )
        for name, trunk in trunks.items()
    }
    side = config.data.resolved_patch_size()
    for stage in config.stages:
        for feature in features_of(stage.recipe):
            bank.shape(feature, (side, side))
    return FrozenNetworks(bank, trained)


def make_generator(config: TrainConfig, dataset: Dataset) -> Generator:
    """A new generator of the configured name, or the one of a preset or run folder.

    Raises:
        InputError: for an unknown name, a preset whose input contract is not the data's, or a
            recipe for a level that the generator does not have.
    """
    generator = _make(config, dataset)
    for recipe in (stage.recipe for stage in config.stages):
        if recipe.level is not None and recipe.level not in generator.levels:
            raise InputError(
                f"--recipe={recipe.name}: --model={config.model} has no level {recipe.level};"
                " pynet, pynet_ca and punet have levels 5 to 0"
            )
    return generator


def _make(config: TrainConfig, dataset: Dataset) -> Generator:
    """As `make_generator`, whatever the recipes are."""
    if not os.path.exists(config.model) and config.model not in models.preset_names():
        choose("--model", config.model, [*models.names(), *models.preset_names()])
        return models.create(
            config.model,
            contract=dataset.contract,
            seed=derive(config.seed, "generator"),
            sensor=dataset.sensor,
            dtype=config.precision,
        )
    generator = models.from_preset(config.model).computing_in(config.precision)
    require_contract(config.model, generator.contract, config.data)
    return generator
