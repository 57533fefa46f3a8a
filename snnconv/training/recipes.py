"""How papers fine-tune, by name: settings of a training and of its clips, each with who says so."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..registry import Registry
from .defaults import CODE, GIVEN, OURS, PAPER, Usual


@dataclass(frozen=True)
class FineTuningRecipe:
    """What a paper says.

    Attributes:
        source: the paper.
        settings: fields of `Settings`. clips: arguments of `snnconv.clip`. What neither names is as usual.
    """

    source: str
    settings: Mapping[str, Usual]
    clips: Mapping[str, Usual] = field(default_factory=dict)

    def chosen(self, given: Mapping[str, Any]) -> dict[str, Usual]:
        """All of it, but for what somebody chose."""
        own = {**self.clips, **self.settings}
        return {**own, **{name: Usual(value, GIVEN) for name, value in given.items()}}

    @property
    def values(self) -> dict[str, Any]:
        """The settings alone."""
        return {name: each.value for name, each in self.settings.items()}


RECIPES: Registry[FineTuningRecipe] = Registry("fine-tuning recipe")

# From a Kinetics-400 network whose max pooling gives way to average pooling (Algorithm 1). Clips are what the network
# takes, of SlowFast 4×16 4 and 32 frames in a window of 64, of a shorter side of 256 cut to 224².
RECIPES.register("sdm")(
    FineTuningRecipe(
        source="You et al., IEEE TCDS 2024",
        settings={
            "optimizer": Usual("sgd", PAPER),
            "momentum": Usual(0.9, PAPER),
            "weight_decay": Usual(1e-5, PAPER),
            "lr": Usual(1e-3, PAPER),
            "schedule": Usual("step", PAPER),
            "batch_size": Usual(16, PAPER),
            "epochs": Usual(40, CODE),
            "augment": Usual(("crop", "flip"), OURS),
        },
        clips={"activation": Usual("clip", PAPER), "maxpool": Usual("avg", PAPER)},
    )
)
