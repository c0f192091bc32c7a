"""A run's settings for TensorBoard's HParams page, which compares runs."""

from collections.abc import Mapping

from tfisp.training.config import TrainConfig


def settings(config: TrainConfig) -> dict[str, str | float | bool]:
    """What runs commonly differ in; of the recipes' numbers those of the last stage."""
    last = config.stages[-1].recipe
    return {
        "recipe": ",".join(stage.recipe.name for stage in config.stages),
        "steps": ",".join(str(stage.steps) for stage in config.stages),
        "model": config.model,
        "data": config.data.name,
        "batch_size": config.batch_size,
        "seed": config.seed,
        "precision": config.precision,
        "learning_rate": last.learning_rate,
        "beta_1": last.betas[0],
        "critics": ",".join(critic.name for critic in last.critics) or "none",
        "critic_learning_rate": last.critic_learning_rate,
        "critic_interval": last.critic_interval,
        "gamma": last.gamma,
        "adversarial": last.adversarial,
        "compat": ",".join(config.compat) or "none",
    }


def record(values: Mapping[str, str | float | bool]) -> bytes:
    """Settings as a serialised `Summary`."""
    from tensorboard.plugins.hparams import summary_v2

    return summary_v2.hparams_pb(dict(values)).SerializeToString()
