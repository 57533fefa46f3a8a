"""The unit of every group: as fine as weights of n bits and potentials of 24 allow."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, log2
from typing import Any

import torch
from torch import Tensor, fx, nn

from ...errors import UnsupportedModelError
from ...graph.graphs import value_of
from ...neurons import Neuron, Scale
from ...neurons.kernels import LIMIT
from ...neurons.temporal import per_unit
from ..passes.absorb import absorb
from .rounding import rounded
from .values import NORMS, Flow, Group

LARGEST_LEVEL = 2**18  # of k: potentials hold β + 1 thresholds
OF_SCALES = 2**15 - 1  # factors of residual adds have 16 bits
CONSTANT = 2**20  # a constant that is added ends here
MARGIN = 0.98  # of 24 bits is used: thresholds that are rounded to whole numbers change weights a little
LEVELS = 1024  # k where no weights ask for one


@dataclass
class Source:
    """A layer or a scale as it enters its group: output = Σ weight · input + bias, float64.

    Attributes:
        weight: with the unit of the input in it. of: which output channel each of its elements belongs to, as a view.
        extent: of its input. shift: bits that its input loses on the way in.
    """

    node: fx.Node
    layer: nn.Module
    weight: Tensor
    bias: Tensor | None
    extent: tuple[float, float]
    shift: int = 0

    def by_channel(self, values: Tensor, group: Group, reduce: str) -> Tensor:
        """max or sum of values like the weights, for each output channel; of uniform groups, the largest of all."""
        if isinstance(self.layer, (Scale, *NORMS)):
            found = values.reshape(-1)
        else:
            rows = self.rows(values).flatten(1)
            found = rows.amax(1) if reduce == "max" else rows.sum(1)
        if group.uniform or len(found) not in (1, group.channels):
            found = found.amax()[None]
        return found.expand(1 if group.uniform else group.channels)

    def rows(self, values: Tensor) -> Tensor:
        """Output channels first."""
        if is_transposed(self.layer):
            layer: Any = self.layer
            split = values.unflatten(0, (layer.groups, -1)).transpose(1, 2)  # [g, out/g, in/g, …]
            return split.flatten(0, 1)
        return values

    def unrowed(self, rows: Tensor) -> Tensor:
        """Values of `rows` as weights lie."""
        if is_transposed(self.layer):
            layer: Any = self.layer
            return rows.unflatten(0, (layer.groups, -1)).transpose(1, 2).flatten(0, 1)
        return rows

    def whole(self, unit: Tensor, axis: int) -> Tensor:
        """weight / unit as whole numbers."""
        exact = self.divided(unit, axis)
        if isinstance(self.layer, (Scale, *NORMS)):
            return exact.round()
        return self.unrowed(rounded(self.rows(exact)))

    def divided(self, unit: Tensor, axis: int) -> Tensor:
        """weight / unit, unit [channels] or []; `axis` is where a factor's channels are."""
        if isinstance(self.layer, NORMS) or (isinstance(self.layer, Scale) and not unit.dim()):
            return self.weight / unit
        if isinstance(self.layer, Scale):
            rank = value_of(self.node).dim() - 1
            return self.weight / unit.view(*(-1 if dim == axis else 1 for dim in range(rank)))
        if not unit.dim():
            return self.weight / unit
        if is_transposed(self.layer):
            layer: Any = self.layer
            shaped = unit.view(layer.groups, 1, -1).expand(-1, self.weight.shape[0] // layer.groups, -1).flatten(0, 1)
            return self.weight / shaped.view(*shaped.shape, *[1] * (self.weight.dim() - 2))
        return self.weight / unit.view(-1, *[1] * (self.weight.dim() - 1))


def is_transposed(layer: nn.Module) -> bool:
    return isinstance(layer, (nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d))


@dataclass
class Unit:
    """Of a group: `value` [channels] or [] where it is uniform, float64; its sources; the largest current."""

    group: Group
    value: Tensor
    sources: list[Source]
    bound: float

    def shaped(self, node: fx.Node) -> Tensor:
        """Broadcastable to one sample of a value of the group."""
        if not self.value.dim():
            return self.value
        rank = value_of(node).dim() - 1
        return self.value.view(*(-1 if dim == self.group.axis else 1 for dim in range(rank)))


class Units:
    """Units of all groups, each found when it is first asked for.

    Args:
        bits: of weights.
    """

    def __init__(self, flow: Flow, bits: int) -> None:
        self.flow, self.bits = flow, bits
        self.largest = 2 ** (bits - 1) - 1
        self.found: dict[Group, Unit] = {}
        self.open: set[Group] = set()

    def of(self, group: Group) -> Unit:
        group = self.flow.root(group)
        if group not in self.found:
            if group in self.open:
                raise UnsupportedModelError(
                    "currents are fed back to their own sum", where=str(group.sources[0].target),
                    remedy="leave weight_bits out",
                )  # fmt: skip
            self.open.add(group)
            self.found[group] = self.resolved(group)
        return self.found[group]

    def resolved(self, group: Group) -> Unit:
        sources = [self.source(node) for node in group.sources]
        finest = torch.zeros(1 if group.uniform else group.channels, dtype=torch.float64)
        fine = bool(group.neurons) or not all(isinstance(source.layer, Scale) for source in sources)
        for source in sources:
            most = OF_SCALES if fine and isinstance(source.layer, Scale) else self.largest
            finest = finest.maximum(source.by_channel(source.weight.abs(), group, "max") / most)
        theta = self.thresholds(group)
        given = self.given(group)
        value = self.unit(group, finest, theta) if given is None else given
        for _ in range(8):
            bound = self.bounds(group, sources, value)
            over = bound > (MARGIN * LIMIT if given is None else LIMIT)
            if not bool(over.any()):
                return Unit(group, value, sources, float(bound.max()))
            coarser = value * torch.where(over, bound / LIMIT / MARGIN**2, torch.ones_like(bound))
            value = self.unit(group, coarser.max() if group.uniform else coarser, theta)
        raise UnsupportedModelError(
            f"its currents do not fit 24 bits with weights of {self.bits}", where=str(group.sources[0].target),
            remedy="fewer weight_bits, or leave them out",
        )  # fmt: skip

    def unit(self, group: Group, finest: Tensor, theta: Tensor | None) -> Tensor:
        """The unit, at least `finest`, of which the threshold is a whole number."""
        cap = cap_of(self.neuron(group.neurons[0])) if group.neurons else 1
        if theta is None or (theta.numel() > 1 and theta.shape != finest.shape):
            value = torch.where(finest > 0, finest, self.fallback(theta, finest))
            value = value.max() if group.uniform and value.dim() else value
            return value if theta is None else value.clamp(min=float(theta.max()) / cap)
        least = finest.max() if group.uniform and finest.dim() else finest
        if group.uniform and theta.numel() > 1:
            return least.clamp(min=float(theta.max()) / cap)
        theta = theta.expand_as(least)
        levels = (theta / least.clamp(min=1e-30)).floor().clamp(1, cap)
        return (theta / levels).maximum(least)  # thresholds below the unit grow to it

    def neuron(self, node: fx.Node) -> Neuron:
        module = self.flow.module(node)
        assert isinstance(module, Neuron)
        return module

    def given(self, group: Group) -> Tensor | None:
        """The unit that the levels of its first neuron say, where they are known."""
        if not group.neurons or (levels := (neuron := self.neuron(group.neurons[0])).levels) is None:
            return None
        node = group.neurons[0]
        rank = value_of(node).dim() - 1
        unit = per_unit(neuron.theta.double() / levels, value_of(node))
        whole = unit.view(*[1] * (rank - unit.dim()), *unit.shape)
        if group.uniform or unit.numel() == 1:
            value = whole.max()
            return value if group.uniform else value.expand(group.channels)
        others = [dim for dim in range(rank) if dim != group.axis]
        return (whole.amax(others) if others else whole).expand(group.channels)

    def fallback(self, theta: Tensor | None, like: Tensor) -> Tensor:
        """Where all weights are 0."""
        positive = like[like > 0] if like.dim() else like[None][like[None] > 0]
        value = positive.mean() if len(positive) else theta.max() / LEVELS if theta is not None else torch.ones(())
        return value.double().expand_as(like)

    def thresholds(self, group: Group) -> Tensor | None:
        """θ of the first neuron that reads it: one, or one per channel of the group; else as it is."""
        if not group.neurons:
            return None
        node = group.neurons[0]
        module = self.flow.module(node)
        assert isinstance(module, Neuron)
        theta = per_unit(module.theta, value_of(node)).double()
        if theta.numel() == 1:
            return theta.reshape(())
        rank = value_of(node).dim() - 1
        whole = theta.view(*[1] * (rank - theta.dim()), *theta.shape)
        is_by_channel = whole.shape[group.axis] == whole.numel() == group.channels
        return whole.reshape(-1) if is_by_channel else whole

    def source(self, node: fx.Node) -> Source:
        """The layer with the unit of its input in its weights."""
        layer, read = self.flow.module(node), node.all_input_nodes[0]
        assert layer is not None
        value = self.flow.of(read)
        if value.kind == "spikes":
            weight, bias = weights_of(layer)
            return Source(node, layer, weight, bias, value.extent)
        assert value.group is not None
        unit = self.of(value.group)
        taken = with_input(layer, unit.shaped(read))
        if taken is None:
            self.flow.root(value.group).uniform = True
            self.found.pop(unit.group)
            self.open.discard(unit.group)
            unit = self.of(value.group)
            taken = with_input(layer, unit.value)
            assert taken is not None, node
        weight, bias = taken
        source = Source(node, layer, weight, bias, (-unit.bound, unit.bound))
        return self.shifted(source)

    def shifted(self, source: Source) -> Source:
        """With so many bits of the input left out that the sums fit."""
        if isinstance(source.layer, (Scale, *NORMS)):
            sums = float(self.largest)
        else:
            rows = source.rows(source.weight).abs().flatten(1)
            sums = float((rows.sum(1) / rows.amax(1).clamp(min=1e-30)).max()) * self.largest
        source.shift = max(0, ceil(log2(max(1.0, sums * source.extent[1] / (LIMIT / 2)))))
        part = 2.0**-source.shift
        source.extent = (source.extent[0] * part - 1, source.extent[1] * part + 1)
        source.weight = source.weight / part
        return source

    def bounds(self, group: Group, sources: list[Source], unit: Tensor) -> Tensor:
        """The largest current of each channel, in units."""
        total = torch.zeros(1 if group.uniform else group.channels, dtype=torch.float64)
        for source in sources:
            weight = source.whole(unit, group.axis)
            low, high = (abs(end) for end in source.extent)
            up, down = weight.clamp(min=0), (-weight).clamp(min=0)
            most = source.by_channel(up * high + down * low, group, "sum")
            least = source.by_channel(down * high + up * low, group, "sum")
            total = total + most.maximum(least)
            if source.bias is not None:
                bias = (source.bias / unit).round().abs()
                total = total + (bias.max() if group.uniform else bias)
        return group.times * total + CONSTANT * len(group.constants)


def cap_of(neuron: Neuron) -> int:
    """The largest k: potentials hold one threshold more than the neuron can send."""
    return min(LARGEST_LEVEL, int(LIMIT / 2 / (max(map(abs, neuron.extent)) + 1)))


def weights_of(layer: nn.Module) -> tuple[Tensor, Tensor | None]:
    """Weight and bias, float64; of a norm its slope and its constant."""
    if isinstance(layer, Scale):
        return layer.factor.double(), None
    held: Any = layer
    if isinstance(layer, NORMS):
        slope = 1 / (held.running_var.double() + held.eps).sqrt() if held.running_var is not None else torch.ones(())
        slope = slope if held.weight is None else slope * held.weight.detach().double()
        shift = torch.zeros(()) if held.bias is None else held.bias.detach().double()
        return slope, shift - held.running_mean.double() * slope
    return held.weight.detach().double(), None if held.bias is None else held.bias.detach().double()


def with_input(layer: nn.Module, unit: Tensor) -> tuple[Tensor, Tensor | None] | None:
    """Weight and bias for an input in this unit, or None where they cannot take it."""
    if isinstance(layer, Scale):
        weight, _ = weights_of(layer)
        try:
            return weight * unit, None
        except RuntimeError:
            return None
    if isinstance(layer, NORMS):
        slope, shift = weights_of(layer)
        return (slope * unit.reshape(-1), shift) if unit.numel() in (1, len(slope)) else None
    absorbed = absorb(layer, unit)
    return None if absorbed is None else weights_of(absorbed)
