"""What a conversion method is: a neuron, its options and a threshold rule. One method a file, one registration each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from ..calib import Rule
from ..errors import InputError
from ..registry import Registry


@dataclass(frozen=True)
class Method:
    """A named setting of the engine.

    Attributes:
        neuron: registry name of the neuron.
        options: the neuron's options; those named here, and no others, can be overridden. A `down_limit` of None is β.
        threshold: the rule for λ.
        per_channel: one λ per channel instead of one per layer.
        source: where it was published.
    """

    name: str
    summary: str
    source: str
    neuron: str
    options: Mapping[str, Any] = field(default_factory=dict)
    threshold: str | Rule = "percentile:99.9"
    per_channel: bool = False

    def override(
        self, options: Mapping[str, Any], threshold: str | Rule | None = None, per_channel: bool | None = None
    ) -> Method:
        """The method with the given settings in place of its own; those that are None stay.

        Raises:
            InputError: an option that the method's neuron does not have.
        """
        given = {name: value for name, value in options.items() if value is not None}
        for name in given:
            if name not in self.options:
                raise InputError(
                    f"method {self.name!r} has no option {name}",
                    expected=f"{', '.join(self.options) or 'no options'}",
                    remedy="choose another method, as method='sdm'",
                )
        return replace(
            self,
            options={**self.options, **given},
            threshold=self.threshold if threshold is None else threshold,
            per_channel=self.per_channel if per_channel is None else per_channel,
        )

    def neuron_options(self) -> dict[str, Any]:
        """The options as the neuron takes them."""
        options = dict(self.options)
        if "down_limit" in options and options["down_limit"] is None:
            options["down_limit"] = options["beta"]
        return options


METHODS: Registry[Method] = Registry("method")
