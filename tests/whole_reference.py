"""A naive simulator of networks of whole numbers, in int64 and plain loops, that shares no code with the package.

It reads a network's graph and the numbers in its modules, told apart by the names of their classes, and computes every
sum in 64 bits and every threshold by dividing whole numbers. Slow, on purpose.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

Whole = NDArray[np.int64]
END = 2**23  # potentials end here


class Cells:
    """All neurons of one site."""

    def __init__(self, module: Any, x: Whole) -> None:
        self.kind = type(module).__name__
        self.module = module
        self.k = spread(module.levels, x)
        theta = spread_float(module.theta, x)
        unit = theta / self.k
        if module.potential is None:
            self.start = np.rint(np.float32(module.v0) * self.k.astype(np.float32)).astype(np.int64)
        else:
            self.start = np.rint(spread_float(module.potential, x) / unit).astype(np.int64)
        self.v, self.fired, self.drive = self.start.copy(), np.zeros_like(x), np.zeros_like(x)
        self.offset = None if module.offset is None else (module.offset.double().numpy(), unit)
        self.t = 0
        self.speaks = np.ones_like(x, dtype=bool)

    def current(self, x: Whole, t: int) -> Whole:
        if self.offset is None:
            return x
        value, unit = self.offset
        row = value[min(t, len(value) - 1)] if value.ndim == x.ndim else value
        return x + np.rint(spread_array(row, x) / unit).astype(np.int64)

    def fire(self, x: Whole) -> Whole:
        current = self.current(x, self.t)
        self.t += 1
        m = self.v + current
        s = getattr(self, self.kind)(m, current)
        self.v = np.clip(m - s * self.k, -END, END)
        self.fired += s
        return self.after(s)

    def IntegrateFire(self, m: Whole, current: Whole) -> Whole:
        return (m > self.k if self.module.strict else m >= self.k).astype(np.int64)

    def ScalableDualThreshold(self, m: Whole, current: Whole) -> Whole:
        up = np.clip(m // self.k, 0, self.module.beta)
        down = -(m // self.k) if self.module.retract == "zero" else -m // self.k
        return up - np.clip(down, 0, self.most_down(current))

    def most_down(self, current: Whole) -> Whole:
        if self.module.gate == "memory" or not self.module.down_limit:
            return np.minimum(self.module.down_limit, self.fired)
        self.drive = np.clip(self.drive + current, -END, END)
        return np.where(self.drive > 0, self.module.down_limit, 0)

    BinaryWeighted = ScalableDualThreshold

    def SignedDigit(self, m: Whole, current: Whole) -> Whole:
        if not self.module.cost and self.module.most is None:
            return self.ScalableDualThreshold(m, current)
        top = np.full_like(m, self.module.beta)
        if self.module.most is not None:
            top = np.minimum(top, spread(self.module.most, m))
        extra = np.rint(self.module.cost / 2 * self.k.astype(np.float64)).astype(np.int64)
        j = np.clip((2 * m - self.k) // (2 * self.k), -self.module.beta - 1, top - 1)
        rise = np.vectorize(digits)(j + 1) - np.vectorize(digits)(j)
        k = np.where(m - (j + 1) * self.k >= extra * rise, j + 1, j)
        return np.maximum(k, -np.minimum(self.module.down_limit, self.fired))

    def ResidualPotential(self, m: Whole, current: Whole) -> Whole:
        return (m >= self.k).astype(np.int64)

    CalibratedOffset = ResidualPotential

    def try_out(self, currents: list[Whole]) -> None:
        """COS: v(0) after a trial run."""
        v, k = self.start.copy(), self.k
        safe = np.ceil(np.float32(1e-3) * k.astype(np.float32)).astype(np.int64)
        least, most, fired = 1000 * k, -1000 * k, np.zeros_like(k)
        for t, x in enumerate(currents[: self.module.rho]):
            v = v + self.current(x, t)
            spikes = v >= k
            least = np.where(spikes, np.minimum(least, v), least)
            most = np.where(spikes, most, np.maximum(most, v))
            v, fired = v - spikes * k, fired + spikes
        lower = self.start - np.maximum(least - (k - safe), k)
        raised = self.start + np.maximum(k + safe - most, k)
        self.start = np.where(v >= k, raised, np.where((v < 0) & (fired > 0), lower, self.start))
        self.v = np.clip(self.start, -END, END)

    def after(self, s: Whole) -> Whole:
        sent = s * self.speaks
        if self.kind == "ResidualPotential" and self.t == self.module.tau:
            self.speaks, self.v = self.v > self.k // 1000, self.start.copy()
        if self.kind == "CalibratedOffset" and self.t == self.module.rho:
            self.v = np.clip(self.start, -END, END)
        return sent


def digits(k: int) -> int:
    """Digits other than 0 of the shortest sum of powers of two."""
    k = abs(int(k))
    return bin(k ^ (3 * k)).count("1")


def spread_array(value: Any, x: Whole) -> Any:
    return np.broadcast_to(value.reshape(-1, *[1] * (x.ndim - 2)) if value.ndim == 1 else value, x.shape)


def spread_float(value: Any, x: Whole) -> Any:
    return spread_array(value.double().numpy(), x)


def spread(value: Any, x: Whole) -> Whole:
    return spread_float(value, x).astype(np.int64)


def convolved(module: Any, x: Whole) -> Whole:
    weight = module.weight.double().numpy().astype(np.int64)
    outputs, inputs, *kernel = weight.shape
    dims = len(kernel)
    padded = np.pad(x, [(0, 0), (0, 0), *((p, p) for p in module.padding)])
    reach = [d * (size - 1) + 1 for d, size in zip(module.dilation, kernel)]
    space = [(n - r) // s + 1 for n, r, s in zip(padded.shape[2:], reach, module.stride)]
    y = np.zeros((len(x), outputs, *space), np.int64)
    for o in range(outputs):
        first = o // (outputs // module.groups) * inputs
        for place in np.ndindex(*space):
            starts = [s * p for s, p in zip(module.stride, place)]
            window = tuple(slice(b, b + r, d) for b, r, d in zip(starts, reach, module.dilation))
            y[:, o, *place] = (padded[:, first : first + inputs, *window] * weight[o]).reshape(len(x), -1).sum(1)
    return y + biased(module, dims)


def transposed(module: Any, x: Whole) -> Whole:
    """Every input adds its weights to a window of the output."""
    weight = module.weight.double().numpy().astype(np.int64)
    inputs, outputs, *kernel = weight.shape
    space = [(n - 1) * s + k for n, s, k in zip(x.shape[2:], module.stride, kernel)]
    y = np.zeros((len(x), outputs * module.groups, *space), np.int64)
    for c in range(inputs):
        first = c // (inputs // module.groups) * outputs
        for place in np.ndindex(*x.shape[2:]):
            window = tuple(slice(s * p, s * p + k) for s, p, k in zip(module.stride, place, kernel))
            added = x[:, c, *place].reshape(-1, *[1] * (len(kernel) + 1)) * weight[c]
            y[:, first : first + outputs, *window] += added
    cut = tuple(slice(p, n - p) for p, n in zip(module.padding, space))
    return y[:, :, *cut] + biased(module, len(kernel))


def biased(module: Any, dims: int) -> Any:
    return 0 if module.bias is None else module.bias.double().numpy().astype(np.int64).reshape(-1, *[1] * dims)


def pooled(module: Any, x: Whole, reduce: Any, border: int) -> Whole:
    dims = x.ndim - 2
    kernel, stride, padding = (
        (value,) * dims if isinstance(value, int) else tuple(value)
        for value in (module.kernel_size, module.stride, module.padding)
    )
    padded = np.pad(x, [(0, 0), (0, 0), *((p, p) for p in padding)], constant_values=border)
    space = [(n - k) // s + 1 for n, k, s in zip(padded.shape[2:], kernel, stride)]
    y = np.zeros((*x.shape[:2], *space), np.int64)
    for place in np.ndindex(*space):
        window = tuple(slice(s * p, s * p + k) for s, p, k in zip(stride, place, kernel))
        y[:, :, *place] = reduce(padded[:, :, *window].reshape(*x.shape[:2], -1), axis=2)
    return y


class WholeProgram:
    """A network's graph, run one step after the other."""

    def __init__(self, network: Any) -> None:
        self.network = network
        self.state: dict[str, Any] = {}
        self.spikes: dict[str, list[Whole]] = {}

    def run(self, inputs: list[torch.Tensor], T: int) -> list[Any]:
        """The first output leaf of every step, float32."""
        return [self.step(inputs) for _ in range(T)]

    def step(self, inputs: list[torch.Tensor]) -> Any:
        given = iter(inputs)
        values: dict[Any, Any] = {}
        for node in self.network.graph.nodes:
            if node.op == "placeholder":
                values[node] = next(given)
            elif node.op == "output":
                first = node.args[0][0]
                return values[first].float().numpy()
            elif node.op == "get_attr":
                values[node] = attribute(self.network, node.target)
            elif node.op == "call_function":
                values[node] = node.target(*filled(node.args, values), **filled(node.kwargs, values))
            else:
                values[node] = self.called(node, [values[arg] for arg in node.args])
        return None

    def called(self, node: Any, values: list[Any]) -> torch.Tensor:
        module = self.network.get_submodule(str(node.target))
        kind = type(module).__name__
        x = values[0]
        if kind == "Levels":
            rounded = np.rint(x.double().numpy() / module.step.double().numpy())
            return torch.from_numpy(np.clip(rounded, module.low, module.high).astype(np.int64))
        if kind == "Scale":
            return self.scaled(module, values)
        array = x.numpy()
        assert array.dtype == np.int64, (node, array.dtype)
        return torch.from_numpy(self.whole(node, module, kind, array))

    def scaled(self, module: Any, values: list[Any]) -> torch.Tensor:
        factor = module.factor
        if bool((factor == factor.round()).all()) and values[0].dtype == torch.int64:
            result = values[0] * factor.long()
            return result + values[1] if len(values) > 1 else result
        result = values[0].float() * factor
        return result + values[1].float() if len(values) > 1 else result

    def whole(self, node: Any, module: Any, kind: str, x: Whole) -> Whole:
        name = str(node.target)
        if kind.startswith("WholeConvTranspose"):
            return transposed(module, x)
        if kind.startswith("WholeConv"):
            return convolved(module, x)
        if kind == "WholeLinear":
            return x @ module.weight.double().numpy().astype(np.int64).T + biased(module, 0)
        if kind.startswith("WholeNorm"):
            slope = module.weight.double().numpy().astype(np.int64).reshape(-1, *[1] * (x.ndim - 2))
            return x * slope + biased(module, x.ndim - 2)
        if kind.startswith("SumPool"):
            return pooled(module, x, np.sum, 0)
        if kind.startswith("MaxPool"):
            return pooled(module, x, np.max, -(2**40))
        if kind == "RunningSum":
            total, given = self.state.get(name, (np.zeros_like(x), None))
            function = module.function
            of = (lambda v: pooled(function, v, np.max, -(2**40))) if hasattr(function, "kernel_size") else relu
            given = of(total) if given is None else given
            after = of(total + x)
            self.state[name] = total + x, after
            return after - given
        if kind == "Requantise":
            rest = self.state.get(name, np.full_like(x, 2**module.shift // 2)) + x
            self.state[name] = rest % 2**module.shift
            return rest // 2**module.shift
        cells = self.state.get(name)
        if cells is None:
            cells = self.state[name] = Cells(module, x)
            if kind == "CalibratedOffset":
                cells.try_out([x] * module.rho)  # true of the first layer alone: see `in_layers`
        spikes = cells.fire(x)
        self.spikes.setdefault(name, []).append(spikes)
        return spikes


def relu(x: Whole) -> Whole:
    return np.maximum(x, 0)


def attribute(root: Any, path: str) -> Any:
    for part in path.split("."):
        root = getattr(root, part)
    return root


def filled(value: Any, values: dict[Any, Any]) -> Any:
    if isinstance(value, (list, tuple)):
        return type(value)(filled(part, values) for part in value)
    if isinstance(value, dict):
        return {key: filled(part, values) for key, part in value.items()}
    return values.get(value, value) if type(value).__name__ == "Node" else value
