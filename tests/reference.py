"""A naive simulator of spiking networks, in NumPy and plain loops, that shares no code with the package (nor torch).

Everything is written from the equations, in the unit of the activations: a layer hands on s·θ, not whole spikes, the
up and down spikes are counted one by one by comparing the residual again, time is the outermost loop. Slow, on purpose.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


class ScalarNeuron(Protocol):
    """One neuron: `fire(current)` → whole spikes of this step."""

    def fire(self, current: float) -> int: ...


@dataclass
class IF:
    """m = v + I; one spike if m ≥ θ; soft reset."""

    theta: float
    v0: float = 0.5

    def __post_init__(self) -> None:
        self.v = self.v0 * self.theta

    def fire(self, current: float) -> int:
        m = self.v + current
        s = 1 if m >= self.theta else 0
        self.v = m - s * self.theta
        return s


@dataclass
class SD:
    """The scalable dual-threshold neuron, Eqs. 8, 9, 11 and Alg. 1 of the SDM paper, up and down counted apart."""

    theta: float
    beta: int = 2
    down_limit: int = 1
    gate: str = "memory"
    retract: str = "threshold"
    v0: float = 0.5

    def __post_init__(self) -> None:
        self.v = self.v0 * self.theta
        self.fired = 0  # O: an integer
        self.drive = 0.0  # M = Σ I

    def fire(self, current: float) -> int:
        m = self.v + current
        self.drive += current
        up = 0
        while up < self.beta and m - up * self.theta >= self.theta:
            up += 1
        if self.gate == "memory":
            most_down = min(self.down_limit, self.fired)  # takes back what was fired, never more
        else:
            most_down = self.down_limit if self.drive > 0 else 0
        down = 0
        while down < most_down and self.wants_down(m + down * self.theta):
            down += 1
        s = up - down
        self.v = m - s * self.theta
        self.fired += s
        return s

    def wants_down(self, residual: float) -> bool:
        return residual <= -self.theta if self.retract == "threshold" else residual < 0


NEURONS: dict[str, type[IF] | type[SD]] = {"integrate_fire": IF, "sd": SD}


class Layer(Protocol):
    """Anything with one `step` per time step; state lives in the object."""

    def step(self, x: Array) -> Array: ...


@dataclass
class Spiking:
    """A site: one scalar neuron per element of the input; hands on s·θ and remembers every s.

    Args:
        name: of the site. neuron: registry name. theta: [] or [C]. options: of the neuron besides θ.
    """

    name: str
    neuron: str
    theta: Array
    options: dict[str, object] = field(default_factory=dict)
    spikes: list[Array] = field(default_factory=list)

    def step(self, x: Array) -> Array:
        if not self.spikes:
            per_unit = self.theta.reshape(-1, *[1] * (x.ndim - 2)) if self.theta.ndim else self.theta
            self.thetas = np.broadcast_to(per_unit, x.shape)
            self.cells = [NEURONS[self.neuron](float(t), **self.options) for t in self.thetas.flat]  # type: ignore[arg-type]
        s = np.array([cell.fire(float(i)) for cell, i in zip(self.cells, x.flat, strict=True)]).reshape(x.shape)
        self.spikes.append(s.astype(np.float64))
        return s * self.thetas


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
    """Cross-correlation with zero padding, one output pixel after the other."""

    weight: Array
    bias: Array | None = None
    stride: int = 1
    padding: int = 0
    groups: int = 1

    def step(self, x: Array) -> Array:
        p = self.padding
        padded = np.pad(x, ((0, 0), (0, 0), (p, p), (p, p)))
        outputs, inputs, height, width = self.weight.shape
        rows = (padded.shape[2] - height) // self.stride + 1
        columns = (padded.shape[3] - width) // self.stride + 1
        y = np.zeros((len(x), outputs, rows, columns))
        for o in range(outputs):
            first = o // (outputs // self.groups) * inputs
            for r in range(rows):
                for c in range(columns):
                    top, left = r * self.stride, c * self.stride
                    patch = padded[:, first : first + inputs, top : top + height, left : left + width]
                    y[:, o, r, c] = (patch * self.weight[o]).sum((1, 2, 3)) + (0 if self.bias is None else self.bias[o])
        return y


@dataclass
class Linear:
    weight: Array
    bias: Array

    def step(self, x: Array) -> Array:
        return x @ self.weight.T + self.bias


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


def run_layers(layers: Sequence[Layer], x: Array) -> Array:
    for layer in layers:
        x = layer.step(x)
    return x


def simulate(layers: Sequence[Layer], x: Array, T: int) -> tuple[Array, dict[str, Array]]:
    """T steps on a constant input.

    Returns:
        Mean output of the first t steps [T, B, …], and the whole spikes of every site [T, B, …].
    """
    total: Array | float = 0.0
    means = []
    for t in range(T):
        total = total + run_layers(layers, x)
        means.append(total / (t + 1))
    return np.stack(means), {site.name: np.stack(site.spikes) for site in sites(layers)}


def sites(layers: Sequence[Layer]) -> list[Spiking]:
    found: list[Spiking] = []
    for layer in layers:
        if isinstance(layer, Spiking):
            found.append(layer)
        if isinstance(layer, Residual):
            found += [*sites(layer.body), *sites(layer.shortcut)]
    return found
