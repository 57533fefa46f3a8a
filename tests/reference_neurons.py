"""Neurons for the naive simulator, one object per neuron, each written from its paper's rule with plain numbers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field


@dataclass
class IF:
    """m = v + I; one spike if m ≥ θ (`strict`: m > θ); soft reset."""

    theta: float
    v0: float = 0.5
    strict: bool = False

    def __post_init__(self) -> None:
        self.v = self.v0 * self.theta

    def fire(self, current: float) -> int:
        m = self.v + current
        s = 1 if (m > self.theta if self.strict else m >= self.theta) else 0
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


@dataclass
class MultiThreshold:
    """n thresholds 2^(n−1)·θ, …, θ tried in turn; each that is reached is taken away and is one bit of the spike."""

    theta: float  # the smallest
    bits: int = 4
    v0: float = 0.5
    down_limit: int = 0
    gate: str = "memory"
    retract: str = "threshold"

    def __post_init__(self) -> None:
        assert self.down_limit == 0
        self.v = self.v0 * self.theta

    def fire(self, current: float) -> int:
        self.v += current
        sent = 0
        for i in reversed(range(self.bits)):
            if self.v >= 2**i * self.theta:
                self.v -= 2**i * self.theta
                sent += 2**i
        return sent


@dataclass
class SignedDigits(MultiThreshold):
    """The same, or, with negative spikes, the k that is nearest when every digit costs `cost`; by trying them all."""

    cost: float = 0.0

    def __post_init__(self) -> None:
        self.v = self.v0 * self.theta
        self.fired = 0

    def fire(self, current: float) -> int:
        if self.down_limit == 0:
            return super().fire(current)
        assert (self.gate, self.retract) == ("memory", "zero")
        self.v += current
        x = self.v / self.theta - 0.5
        within = range(-min(self.down_limit, self.fired), 2**self.bits)
        k = min(within, key=lambda k: ((x - k) ** 2 + self.cost * signed_digits(k), -k))
        self.v -= k * self.theta
        self.fired += k
        return k


def signed_digits(k: int) -> int:
    """Fewest powers of two that add up to k, each plus or minus."""
    if k < 0:
        return signed_digits(-k)
    if k <= 1:
        return k
    if k % 2 == 0:
        return signed_digits(k // 2)
    return 1 + min(signed_digits(k // 2), signed_digits(k // 2 + 1))


@dataclass
class SRP:
    """τ steps of IF; then silent for good where v(τ) ≤ θ/1000, and from v = θ/2 again."""

    theta: float
    tau: int = 4
    v0: float = 0.5

    def __post_init__(self) -> None:
        self.cell, self.t, self.speaks = IF(self.theta, self.v0), 0, True

    def fire(self, current: float) -> int:
        s = self.cell.fire(current)
        self.t += 1
        speaks = self.speaks
        if self.t == self.tau:
            self.speaks = self.cell.v > 1e-3 * self.theta
            self.cell = IF(self.theta, self.v0)
        return s if speaks else 0


@dataclass
class COS:
    """IF from a v(0) that a trial run on the first ρ inputs has found; from there once more after ρ steps."""

    theta: float
    rho: int = 4
    v0: float = 0.5
    start: float = field(init=False)

    def __post_init__(self) -> None:
        self.start, self.t = self.v0 * self.theta, 0
        self.v = self.start

    def try_out(self, currents: Sequence[float]) -> None:
        v, fired_at, silent_at = self.v0, [], []  # in units of θ
        for current in currents[: self.rho]:
            v += current / self.theta
            if v >= 1:
                fired_at.append(v)
                v -= 1
            else:
                silent_at.append(v)
        if v < 0 and fired_at:
            self.start = (self.v0 - max(1.0, min(fired_at) - 0.999)) * self.theta
        if v >= 1:
            self.start = (self.v0 + max(1.0, 1.001 - max(silent_at, default=-1000.0))) * self.theta
        self.v = self.start

    def fire(self, current: float) -> int:
        self.v += current
        s = 1 if self.v >= self.theta else 0
        self.v -= s * self.theta
        self.t += 1
        if self.t == self.rho:
            self.v = self.start
        return s


@dataclass
class DCGS:
    """Multi-threshold neuron with differential coding; gets differences, in the paper's own form.

    v += x − b + m_in − m_out; m_in += (x − b)/t from b; m_out += s/t. Its first input, with no spikes anywhere in the
    network, is b; it is not a time step.
    """

    theta: float  # the smallest threshold
    bits: int = 8
    v0: float = 0.0

    def __post_init__(self) -> None:
        self.v, self.b, self.mean_in, self.mean_out, self.sent, self.t = self.v0 * self.theta, 0.0, 0.0, 0.0, 0.0, -1

    def fire(self, current: float) -> int:
        self.t += 1
        if self.t == 0:
            self.b = self.mean_in = current
            return 0
        self.v += current - self.b + self.mean_in - self.mean_out
        self.sent += self.mean_out
        s = 0
        for i in reversed(range(self.bits)):
            threshold = 2**i * self.theta
            if self.v >= 0.75 * threshold:
                s = 2**i
            elif self.v <= -0.75 * threshold and self.sent >= threshold - 2**-10 * self.theta:
                s = -(2**i)
            if s:
                break
        self.v -= s * self.theta
        self.sent += s * self.theta
        self.mean_in += (current - self.b) / self.t
        self.mean_out += s * self.theta / self.t
        return s


def itself(x: float) -> float:
    return x


@dataclass
class Tracking:
    """Sends, up or down, what the spikes so far lack of t·f(mean input so far)."""

    theta: float
    beta: int = 5
    code: str = "unary"  # of no effect on the spikes
    function: Callable[[float], float] = itself

    def __post_init__(self) -> None:
        self.currents: list[float] = []
        self.fired = 0

    def fire(self, current: float) -> int:
        self.currents.append(current)
        t = len(self.currents)
        lacking = round(t * self.function(sum(self.currents) / t) / self.theta) - self.fired
        s = min(abs(lacking), self.beta) * (1 if lacking > 0 else -1)
        self.fired += s
        return s
