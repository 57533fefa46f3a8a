"""The contract of everything that has a state in time: a pure step, and a scan of it over a chunk of time steps."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, ClassVar, NamedTuple
from weakref import WeakKeyDictionary

import torch
from torch import Tensor, nn

from .codes import Code, events
from .kernels.dispatch import Parts, Scanned, can_scan, has, scan
from .kernels.layout import Layout, version_of
from .kernels.operators import scan as scan_in_graph
from .kernels.step import LIMIT, Step

State = Any  # a NamedTuple of tensors, made by `begin`
FOR_EVER = 1000  # steps: nobody runs more
SAME = 1e-6  # of λ: α·β may miss 1 by rounding
STEPPING = ("fused", "step", "begin", "initial", "start", "driven")  # what a kernel stands for


class Temporal(nn.Module, ABC):
    """A module with a state. It owns parameters only: the engine holds the state and hands it in and out.

    Time is folded into the batch, time-major: a chunk of `steps` time steps of a batch of B samples is one tensor
    [steps·B, …], row t·B + b.
    """

    @abstractmethod
    def begin(self, inputs: Tensor) -> State:
        """The state before the first step, for the inputs of the first chunk [steps, B, …]."""

    @abstractmethod
    def step(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        """One time step: input [B, …] → output [B, …] and the next state.

        `state` belongs to the step, which may write the next one into its memory; `x` must stay as it is.
        """

    def advance(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        """One step as the engine takes it."""
        return self.step(x, state)

    def forward(
        self, x: Tensor, state: State | None, steps: int, varying: bool = True, keep: bool = True
    ) -> tuple[Tensor, State]:
        """Run `steps` time steps.

        Args:
            x: [steps·B, …] where the input varies in time, else [B, …], the same input at every step.
            state: what an earlier call returned, used up by this one; None starts afresh.
            keep: whether the returned state is used again.

        Returns:
            Outputs [steps·B, …] and the state after the last step.
        """
        inputs = x.unflatten(0, (steps, -1)) if varying else x.expand(steps, *x.shape)
        if state is None:
            state = self.begin(inputs)
        if torch.compiler.is_exporting():
            sent: list[Tensor] = []
            for current in inputs:
                output, state = self.advance(current, state)
                sent.append(output)
            return torch.cat(sent), state
        layout = Layout.of(x)  # of outputs too, whatever the chunk: convolutions round by the layout of memory
        outputs: Tensor | None = None
        for t, current in enumerate(inputs):
            output, state = self.advance(current, state)
            if steps == 1:
                return layout.laid(output), state
            rows = len(output)
            if outputs is None:  # all steps in one piece: a list of them would take the memory twice
                outputs = layout.empty((steps * rows, *output.shape[1:]), output)
            outputs[t * rows : (t + 1) * rows] = output
        assert outputs is not None
        return outputs, state


_steps: WeakKeyDictionary[Neuron, tuple[Any, Step | None, list[Tensor]]] = WeakKeyDictionary()


class Timed(NamedTuple):
    """State of a neuron whose offset changes from step to step."""

    inner: State
    steps: Tensor  # t, [], int64: steps done


class Neuron(Temporal):
    """A spiking neuron: integer spikes, each worth one quantum θ of the activation it stands for.

    Args:
        threshold: λ, the activation that a full rate represents: one value, one per channel [C], or one per neuron
            (the shape of one sample).
        scale: θ/λ (the α of scalable thresholds).
        v0: initial potential as a fraction of θ.

    Attributes:
        code: what a spike of magnitude k costs: k ("unary") or the 1 bits of k ("binary").
        offset: a current added at every step; potential: what v starts from in place of v0·θ, as `initial` is told.
            Both in the unit of the input current, shaped as thresholds are; None unless `correct` set them. An offset
            with a leading dimension of time, and as many dimensions as the input (so [T, C] or [T, C, 1, 1]), changes
            from step to step: step t = 0, 1, … takes row min(t, T − 1).
        differential: whether its spikes are differences, to be decoded by an `Accumulate` behind it.
        can_be_whole: whether its step takes whole numbers to whole numbers: no leak, no function of the mean.
        integrates: whether a constant added to its input shows as such in its output, in range: what corrections by
            currents and potentials count on.
        opening: steps that it has to see at once when it starts afresh; 0 where steps can come one by one.
        levels: k, the threshold as a whole number, where currents and potentials are whole too: `make_whole`.
        tally: told the events of every step, int64 [steps], and the number of neurons, while somebody counts.
    """

    code: Code = "unary"
    differential: ClassVar[bool] = False
    integrates: ClassVar[bool] = True
    can_be_whole: ClassVar[bool] = False
    stands_for: ClassVar[dict[str, Any]] = {}  # the functions in whose place `fused` runs
    opening: int = 0
    tally: Callable[[Tensor, int], None] | None = None
    theta: Tensor
    offset: Tensor | None
    potential: Tensor | None
    levels: Tensor | None

    def __init__(self, threshold: Tensor | float, scale: float = 1.0, v0: float = 0.5) -> None:
        super().__init__()
        value = torch.as_tensor(threshold, dtype=torch.float32)
        self.register_buffer("theta", value * torch.tensor(scale, dtype=torch.float32))
        self.register_buffer("offset", None)
        self.register_buffer("potential", None)
        self.register_buffer("levels", None)
        self.scale, self.v0 = scale, v0

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        if "fused" in vars(cls):
            cls.stands_for = {name: getattr(cls, name) for name in STEPPING}

    @abstractmethod
    def initial(self, x: Tensor, start: Tensor) -> State:
        """The state before the first step, for an input like `x` [B, …].

        Args:
            start: v(0) like `x`, float32, in memory of its own: v0·θ, or the potential that a correction found. Neurons
                take it from here, so that none can start from another by mistake.
        """

    def begin(self, inputs: Tensor) -> State:
        return self.initial(inputs[0], self.start(inputs[0]))

    def correct(self, *, offset: Tensor | None = None, potential: Tensor | None = None) -> None:
        """Set what calibration found; None leaves a value as it is."""
        if offset is not None:
            self.offset = offset.detach().float().to(self.theta.device)
        if potential is not None:
            self.potential = potential.detach().float().to(self.theta.device)

    def make_whole(self, levels: Tensor) -> None:
        """Let currents, potentials and thresholds be whole numbers, in units of θ/k.

        A step is the same with k for θ, v(0) and offsets rounded, and potentials that end at ±2^23: 24 bits, which a
        float32 holds exactly, and a current as well.

        Args:
            levels: k, shaped as θ.
        """
        self.levels = levels.detach().float().to(self.theta.device)

    @property
    def extent(self) -> tuple[int, int]:
        """The most spikes down, as a negative number, and up, in one step."""
        return -int(getattr(self, "down_limit", 0) or 0), int(getattr(self, "beta", 1))

    def in_current(self, value: Tensor, x: Tensor) -> Tensor:
        """A value in the unit of the activation in that of an input current `x` [B, …], and broadcastable to it; whole
        where that is."""
        value = per_unit(value, x)
        if self.levels is None:
            return value
        return (value.double() / per_unit(self.theta.double() / self.levels, x)).round().float()

    def of_current(self, current: Tensor) -> Tensor:
        """A current [B, …] in the unit of the activation."""
        return current if self.levels is None else current * (self.per_unit(current) / self.threshold_of(current))

    def saturate(self, ceiling: Tensor | float) -> None:
        """Take note of where the ANN's activation is clipped: most neurons reach little more than λ, which is there."""

    @property
    def saturates(self) -> bool:
        """Whether it keeps to that end, however far it could reach."""
        return False

    @property
    def overshoots(self) -> bool:
        """Whether it can send more than λ for ever, so that where the ANN's activation ends it does not."""
        return not self.saturates and self.scale * self.reach(FOR_EVER) > 1 + SAME

    def follow(self, function: nn.Module) -> None:
        """Take note of the ANN's activation: neurons that integrate stand for a ReLU or a clip whichever it is."""

    def offset_with(self, more: Tensor, x: Tensor) -> Tensor:
        """The offset with a further current, for an input like `x` [B, …].

        Args:
            more: [], [C], one per neuron, or with a leading dimension of time as `offset`.
        """
        if self.offset is None:
            return more
        if self.offset.dim() == more.dim() or not self.offset.dim() or not more.dim():
            return more + self.offset
        return per_unit(more, x) + per_unit(self.offset, x)

    def per_unit(self, x: Tensor) -> Tensor:
        """θ shaped to broadcast against `x` [B, C, …]."""
        return per_unit(self.theta, x)

    def threshold_of(self, x: Tensor) -> Tensor:
        """The threshold in the unit of the input current: θ, or k where that is whole."""
        return per_unit(self.theta if self.levels is None else self.levels, x)

    def start_of(self, x: Tensor) -> Tensor:
        """v(0) in the unit of the input current, broadcastable to an input like `x` [B, …]."""
        if self.potential is not None:
            return self.in_current(self.potential, x)
        start = self.threshold_of(x) * self.v0
        return start if self.levels is None else start.round()

    def offset_of(self, x: Tensor) -> Tensor | None:
        """The offset in the unit of the input current, broadcastable to an input like `x` [B, …]."""
        return None if self.offset is None else self.in_current(self.offset, x)

    def start(self, x: Tensor) -> Tensor:
        """v(0) for an input like `x` [B, …], float32."""
        return torch.zeros_like(x, dtype=torch.float32) + self.start_of(x)

    def reach(self, T: int) -> float:
        """The largest mean output of T steps, in quanta: β, the most spikes of one step; 1 where none is named."""
        return float(getattr(self, "beta", 1))

    @property
    def horizon(self) -> int | None:
        """Steps after which the mean output gets no closer to `ideal`; None: it does for as long as it goes on."""
        return None

    def ideal(self, z: Tensor, T: int) -> Tensor:
        """The mean output of T steps for a mean input of z [B, …], were spikes of any size: clip(z, 0, ρθ)."""
        return z.clamp(min=0).minimum(self.reach(T) * self.per_unit(z).to(z.dtype))

    def is_timed(self, x: Tensor) -> bool:
        """Whether the offset changes from step to step, for an input like `x` [B, …]."""
        return self.offset is not None and self.offset.dim() == x.dim()

    def driven(self, x: Tensor, done: Tensor | int = 0, steps: int = 1, varying: bool = True) -> tuple[Tensor, bool]:
        """The current that the neuron integrates: its input and its offset.

        Args:
            x: as in `forward`, for `steps` steps. done: steps before them.

        Returns:
            The current, and whether it varies in time (else it is [B, …], the same at every step).
        """
        if self.offset is None:
            return x, varying
        if not self.is_timed(x):
            return x + self.in_current(self.offset, x).to(x.dtype), varying
        rows = (torch.arange(steps, device=x.device) + done).clamp(max=len(self.offset) - 1)
        inputs = x.unflatten(0, (steps, -1)) if varying else x
        return (inputs + self.in_current(self.offset, x)[rows].unsqueeze(1).to(x.dtype)).flatten(0, 1), True

    def advance(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        """A step; potentials of whole networks end at ±2^23, and so do sums of currents."""
        spikes, state = self.step(x, state)
        if self.levels is not None:
            for held in (state.v, getattr(state, "drive", None)):
                if held is not None:
                    held.clamp_(-LIMIT, LIMIT)
        return spikes, state

    def fused(self, x: Tensor) -> Step | None:
        """What a kernel runs in place of `step`, for an input like `x` [B, …]; None: there is none."""
        return None

    def backend(self, device: torch.device) -> str:
        """What its steps run on."""
        library = "numba" if device.type == "cpu" else "triton"
        if not is_fused(self) or self.fused(torch.zeros(1, max(1, self.theta.numel()))) is None:
            return "torch, step by step: this neuron has no fused kernel"
        if not has(library):
            return f"torch, step by step: {library} is not installed (pip install 'snnconv[fast]')"
        return f"{library}, all steps at once"

    def prepared(self, x: Tensor) -> Step | None:
        """`fused`, made again only if a buffer, an option or the number of dimensions is another."""
        held = [buffer for buffer in self._buffers.values() if buffer is not None]
        options = (value for value in vars(self).values() if isinstance(value, (int, float, str)))
        stamp = (x.dim(), *options, *((id(buffer), version_of(buffer)) for buffer in held))
        if self not in _steps or _steps[self][0] != stamp:
            _steps[self] = stamp, self.fused(x), held  # held: an id is that of one tensor for as long as it lives
        return _steps[self][1]

    def held(self, state: State) -> tuple[Tensor, Tensor | None, Tensor | None]:
        """v, low and drive of a state, as kernels hold them."""
        return state.v, getattr(state, "low", None), getattr(state, "drive", None)

    def state_of(self, v: Tensor, low: Tensor | None, drive: Tensor | None) -> State:
        """The state that a kernel holds as these."""
        raise NotImplementedError

    def scanned(self, parts: Parts, state: State | None, steps: int, keep: bool) -> Scanned | None:
        """What a kernel gives; None: there is none for such a step or input."""
        x = parts.current
        if not can_scan(x) or not is_fused(self) or self.is_timed(x):
            return None
        compiling = torch.compiler.is_compiling()
        step = self.fused(x) if compiling else self.prepared(x)
        if step is None:
            return None
        held, count = None if state is None else self.held(state), self.tally is not None
        if compiling:
            return scan_in_graph(parts, held, step, steps, keep=keep, count=count)
        return scan(parts, held, step, steps, narrow=self.levels is not None, keep=keep, count=count)

    def forward(
        self, x: Tensor | Parts, state: State | None, steps: int, varying: bool = True, keep: bool = True
    ) -> tuple[Tensor, State]:
        """Run `steps` time steps; `x` may be the parts of a residual add, which a kernel adds up itself."""
        parts = x if isinstance(x, Parts) else Parts(x, varying)
        result = self.scanned(parts, state, steps, keep)
        if result is not None:
            if self.tally is not None:
                self.tally(result.counts, result.spikes[0].numel())
            return result.spikes, None if result.v is None else self.state_of(result.v, result.low, result.drive)
        x, varying = added(parts, steps)
        if self.is_timed(x):
            done = torch.zeros((), dtype=torch.int64, device=x.device) if state is None else state.steps
            current, varying = self.driven(x, done, steps, varying)
            spikes, inner = super().forward(current, None if state is None else state.inner, steps, varying)
            state = Timed(inner, done + steps)
        else:
            spikes, state = super().forward(self.driven(x)[0], state, steps, varying)
        if self.tally is not None:
            by_step = events(spikes.detach(), self.code).unflatten(0, (steps, -1))
            self.tally(by_step.flatten(1).sum(1, dtype=torch.int64), by_step[0, 0].numel())
        return spikes, state

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> Neuron:
        """Move with the module, but keep float32: in bfloat16 a θ of 0.3 would become 0.30078."""
        return keep_float32(self, super()._apply, fn, recurse)

    def extra_repr(self) -> str:
        kind = f"[{self.theta.numel()}]" if self.theta.dim() else f"{float(self.theta):.4g}"
        return f"theta={kind}"


@torch.compiler.assume_constant_result
def is_fused(neuron: Neuron) -> bool:
    """Whether the kernel of a neuron does what its step does: not if a class, or somebody since, redefined that."""
    own = vars(neuron)
    return bool(neuron.stands_for) and not any(
        name in own or getattr(type(neuron), name) is not function for name, function in neuron.stands_for.items()
    )


def added(parts: Parts, steps: int) -> tuple[Tensor, bool]:
    """The current in one piece, and whether it varies in time."""
    if parts.spikes is None:
        return parts.current, parts.varies
    assert parts.factor is not None
    current, spikes = parts.current, parts.spikes
    if parts.varies != parts.spikes_vary:
        current, spikes = (
            x if varies else x.repeat(steps, *[1] * (x.dim() - 1))
            for x, varies in ((current, parts.varies), (spikes, parts.spikes_vary))
        )
    factor = parts.factor.to(current.dtype)
    return torch.addcmul(current, spikes.to(current.dtype), factor), parts.varies or parts.spikes_vary


def per_unit(value: Tensor, x: Tensor) -> Tensor:
    """One value, one per channel or one per neuron, shaped to broadcast against `x` [B, C, …]."""
    return value.view(-1, *[1] * (x.dim() - 2)) if value.dim() == 1 else value


def keep_float32(module: nn.Module, apply: Callable[..., Any], fn: Callable[[Tensor], Tensor], recurse: bool) -> Any:
    """`nn.Module._apply` for modules whose buffers change device but never precision."""
    exact = dict(module._buffers)
    result = apply(fn, recurse)
    for name, before in exact.items():
        after = module._buffers[name]
        if before is not None and after is not None and after.dtype != before.dtype:
            module._buffers[name] = before.to(after.device)
    return result
