"""A naive simulator of spiking networks, in NumPy and plain loops, that shares no code with the package (nor torch).

Everything is written from the equations, in the unit of the activations: a layer hands on s·θ, not whole spikes, the
up and down spikes are counted one by one by comparing the residual again, time is the outermost loop. Slow, on purpose.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from .reference_neurons import COS, DCGS, IF, SD, SRP, MultiThreshold, SignedDigits, Tracking

Array = NDArray[np.float64]


class ScalarNeuron(Protocol):
    """One neuron: `fire(current)` → whole spikes of this step."""

    def fire(self, current: float) -> int: ...


NEURONS: dict[str, type[ScalarNeuron]] = {
    "integrate_fire": IF,
    "sd": SD,
    "binary": MultiThreshold,
    "signed": SignedDigits,
    "srp": SRP,
    "cos": COS,
    "differential": DCGS,
    "tracking": Tracking,
}


class Layer(Protocol):
    """Anything with one `step` per time step; state lives in the object."""

    def step(self, x: Array) -> Array: ...


@dataclass
class Spiking:
    """A site: one scalar neuron per element of the input; hands on s·θ and remembers every s.

    Args:
        name: of the site. neuron: registry name. theta: [], [C] or one per neuron. options: of the neuron besides θ.
        offset: a current added at every step; potential: v(0), both shaped as θ may be. An offset with as many
            dimensions as the input has time in front: step t takes row t, later steps the last one.
    """

    name: str
    neuron: str
    theta: Array
    options: dict[str, object] = field(default_factory=dict)
    offset: Array | None = None
    potential: Array | None = None
    spikes: list[Array] = field(default_factory=list)

    def step(self, x: Array) -> Array:
        if not self.spikes:
            self.prepare(x)
        x = x + self.added(len(self.spikes), x)
        s = np.array([cell.fire(float(i)) for cell, i in zip(self.cells, x.flat, strict=True)]).reshape(x.shape)
        self.spikes.append(s.astype(np.float64))
        return s * self.thetas

    def added(self, t: int, x: Array) -> Array:
        """The offset of step t = 0, 1, …, for every element of x."""
        if self.offset is None:
            return np.zeros_like(x)
        return whole(self.offset[min(t, len(self.offset) - 1)] if self.offset.ndim == x.ndim else self.offset, x)

    def prepare(self, x: Array) -> None:
        self.thetas = whole(self.theta, x)
        options = [self.options] * x.size
        if self.potential is not None:
            starts = whole(self.potential, x) / self.thetas  # in units of θ
            options = [{**self.options, "v0": float(v)} for v in starts.flat]
        kind = NEURONS[self.neuron]
        self.cells = [kind(float(theta), **own) for theta, own in zip(self.thetas.flat, options)]  # type: ignore[call-arg]


def whole(value: Array, x: Array) -> Array:
    """One value, one per channel or one per neuron, for every element of x."""
    return np.broadcast_to(value.reshape(-1, *[1] * (x.ndim - 2)) if value.ndim == 1 else value, x.shape)


@dataclass
class Analog:
    """A ReLU that stays analog: f(Σ x up to t) − f(Σ x up to t−1)."""

    total: Array | float = 0.0

    def step(self, x: Array) -> Array:
        before = np.maximum(self.total, 0)
        self.total = self.total + x
        return np.maximum(self.total, 0) - before


@dataclass
class Conv:
    """Cross-correlation with zero padding in any number of dimensions, one output position after the other."""

    weight: Array
    bias: Array | None = None
    stride: int = 1
    padding: int = 0
    groups: int = 1
    dilation: int = 1

    def step(self, x: Array) -> Array:
        outputs, inputs, *kernel = self.weight.shape
        padded = np.pad(x, [(0, 0), (0, 0), *[(self.padding, self.padding)] * len(kernel)])
        reach = [self.dilation * (size - 1) + 1 for size in kernel]
        space = [(size - r) // self.stride + 1 for size, r in zip(padded.shape[2:], reach)]
        y = np.zeros((len(x), outputs, *space))
        for o in range(outputs):
            first = o // (outputs // self.groups) * inputs
            for place in np.ndindex(*space):
                starts = [self.stride * p for p in place]
                window = tuple(slice(s, s + r, self.dilation) for s, r in zip(starts, reach))
                patch = (padded[:, first : first + inputs, *window] * self.weight[o]).reshape(len(x), -1)
                y[:, o, *place] = patch.sum(1) + (0 if self.bias is None else self.bias[o])
        return y


@dataclass
class Linear:
    weight: Array
    bias: Array | float

    def step(self, x: Array) -> Array:
        return x @ self.weight.T + self.bias


@dataclass
class Affine:
    """gain·x + bias, per channel."""

    gain: Array
    bias: Array

    def step(self, x: Array) -> Array:
        ones = [1] * (x.ndim - 2)
        return x * self.gain.reshape(-1, *ones) + self.bias.reshape(-1, *ones)


@dataclass
class MaxPool:
    """Max pooling of the running sum, emitted as differences; window = stride."""

    size: int
    total: Array | float = 0.0

    def step(self, x: Array) -> Array:
        before = self.pooled(self.total + 0 * x)
        self.total = self.total + x
        return self.pooled(self.total) - before

    def pooled(self, x: Array) -> Array:
        return windows(x, self.size).max((3, 5))


@dataclass
class AvgPool:
    size: int

    def step(self, x: Array) -> Array:
        return windows(x, self.size).mean((3, 5))


def windows(x: Array, size: int) -> Array:
    b, c, h, w = x.shape
    x = x[:, :, : h // size * size, : w // size * size]
    return x.reshape(b, c, h // size, size, w // size, size)


class Flatten:
    def step(self, x: Array) -> Array:
        return x.reshape(len(x), -1)


@dataclass
class Residual:
    """Both branches see the same input; their outputs are added."""

    body: Sequence[Layer]
    shortcut: Sequence[Layer] = ()

    def step(self, x: Array) -> Array:
        return run_layers(self.body, x) + run_layers(self.shortcut, x)


@dataclass
class Stateless:
    """A function of the values of one step."""

    function: Callable[..., Array]

    def step(self, *x: Array) -> Array:
        return self.function(*x)


def doubled(x: Array) -> Array:
    """Every value twice along every dimension of space: nearest upsampling."""
    for axis in range(2, x.ndim):
        x = np.repeat(x, 2, axis)
    return x


@dataclass
class Program:
    """A graph: value 0 is the input, every part makes the next value from those that it reads."""

    parts: Sequence[tuple[Any, tuple[int, ...]]]
    output: int

    def step(self, x: Array) -> Array:
        values = [x]
        for part, inputs in self.parts:
            values.append(part.step(*(values[number] for number in inputs)))
        return values[self.output]


def run_layers(layers: Sequence[Layer], x: Array) -> Array:
    for layer in layers:
        x = layer.step(x)
    return x


def simulate(layers: Sequence[Layer], x: Array, T: int, warm_up: int = 0) -> tuple[Array, dict[str, Array]]:
    """T steps on a constant input, after `warm_up` whose output is not read.

    Returns:
        Mean output of the first t steps [T, B, …], and the whole spikes of every site [W + T, B, …].
    """
    total: Array | float = 0.0
    means = []
    for _ in range(warm_up):
        run_layers(layers, x)
    for t in range(T):
        total = total + run_layers(layers, x)
        means.append(total / (t + 1))
    return np.stack(means), {site.name: np.stack(site.spikes) for site in sites(layers)}


def simulate_in_layers(layers: Sequence[Layer], x: Array, T: int, rho: int) -> tuple[Array, dict[str, Array]]:
    """ρ + T steps on a constant input, one layer after the other for all steps, so that COS neurons can try theirs out.

    Returns:
        Mean output of the first t steps after the ρ, and the spikes of all steps.
    """
    outputs = np.stack(run_sequence(layers, [x] * (rho + T))[rho:])
    steps = np.arange(1, T + 1).reshape(-1, *[1] * (outputs.ndim - 1))
    return outputs.cumsum(0) / steps, {site.name: np.stack(site.spikes) for site in sites(layers)}


def run_sequence(layers: Sequence[Layer], xs: list[Array]) -> list[Array]:
    for layer in layers:
        if isinstance(layer, Residual):
            pairs = zip(run_sequence(layer.body, xs), run_sequence(layer.shortcut, xs))
            xs = [a + b for a, b in pairs]
            continue
        if isinstance(layer, Spiking):
            layer.prepare(xs[0])
            for i, cell in enumerate(layer.cells):
                assert isinstance(cell, COS)
                cell.try_out([float((x + layer.added(t, x)).flat[i]) for t, x in enumerate(xs)])
            layer.spikes = []
        outputs = []
        for t, x in enumerate(xs):
            if isinstance(layer, Spiking):  # its cells are ready
                x = x + layer.added(t, x)
                s = np.array([c.fire(float(i)) for c, i in zip(layer.cells, x.flat)]).reshape(x.shape)
                layer.spikes.append(s.astype(np.float64))
                outputs.append(s * layer.thetas)
            else:
                outputs.append(layer.step(x))
        xs = outputs
    return xs


@dataclass
class DifferentialMaxPool:
    """y(t) = t·(f(m(t)) − f(m(t−1))), m the mean that the differences x stand for."""

    size: int
    mean: Array | float = 0.0
    t: int = -1

    def step(self, x: Array) -> Array:
        self.t += 1
        pool = MaxPool(self.size)
        before = pool.pooled(self.mean + 0 * x)
        if self.t == 0:
            return 0 * before
        self.mean = self.mean + x / self.t
        return self.t * (pool.pooled(self.mean) - before)


def simulate_differences(layers: Sequence[Layer], x: Array, T: int) -> tuple[Array, dict[str, Array]]:
    """T steps of differential coding, in which everything that travels is a difference: first a step without any.

    A constant input is x at the first step and 0 after it. Outputs are decoded as neurons do with their input.
    """
    bias = run_layers(layers, 0 * x)
    mean, means = bias, []
    for t in range(1, T + 1):
        mean = mean + (run_layers(layers, x if t == 1 else 0 * x) - bias) / t
        means.append(mean)
    return np.stack(means), {site.name: np.stack(site.spikes)[1:] for site in sites(layers)}


def sites(layers: Sequence[Layer]) -> list[Spiking]:
    found: list[Spiking] = []
    for layer in layers:
        if isinstance(layer, Spiking):
            found.append(layer)
        if isinstance(layer, Residual):
            found += [*sites(layer.body), *sites(layer.shortcut)]
        if isinstance(layer, Program):
            found += sites([part for part, _ in layer.parts])
    return found
