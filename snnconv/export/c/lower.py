"""From the graph of a network of whole numbers to statements of C, for one sample."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, fx, nn

from ...cost.synops import wiring
from ...graph.names import name_of
from ...graph.places import site_of
from ...graph.time_varying import varies_in_time
from ...network import SpikingNetwork
from ...neurons import Levels, Neuron, Requantise, RunningSum, Scale, Temporal, WholeLayer
from ...neurons.whole import SUM_POOLS, WHOLE_NORMS, spread
from ..format import Refusal
from ..walk import walked
from .buffers import Buffer, Memory

MOVES = {
    "slice", "pad", "constant_pad_nd", "flatten", "view", "_unsafe_view", "reshape", "permute", "transpose", "cat",
    "select", "squeeze", "unsqueeze", "expand", "t", "contiguous", "clone", "split", "split_with_sizes", "chunk",
    "getitem", "movedim", "pixel_shuffle", "pixel_unshuffle", "channel_shuffle", "roll", "flip", "sym_size",
    "unflatten", "unbind", "dropout", "alias",
}  # fmt: skip
INSTEAD = "--to onnx-step, which takes every network"
MAX_POOLS = (nn.MaxPool1d, nn.MaxPool2d, nn.MaxPool3d)
DIMS = 3  # of space, of every layer, as the C functions take them


@dataclass
class Program:
    """What C is written of.

    Attributes:
        begin, step: statements once a sample, and at every step. reset: what puts the state to where it begins.
        tables: {name: (type, values)} of constants.
        functions: names of the C functions that are called.
        levels: the input as levels, or its conversion from pixels.
        output: name of the outputs; unit: what each is worth.
    """

    memory: Memory = field(default_factory=Memory)
    begin: list[str] = field(default_factory=list)
    step: list[str] = field(default_factory=list)
    reset: list[str] = field(default_factory=list)
    tables: dict[str, tuple[str, Tensor]] = field(default_factory=dict)
    functions: set[str] = field(default_factory=set)
    input: Buffer | None = None
    output: Buffer | None = None
    unit: Tensor = field(default_factory=lambda: torch.ones(1))
    levels: Levels | None = None


class Lowering(fx.Interpreter):
    """Runs the graph on addresses: moves happen to them, work becomes statements."""

    def __init__(self, snn: SpikingNetwork) -> None:
        super().__init__(snn.network, garbage_collect_values=False)
        self.program, self.refused = Program(), list[Refusal]()
        self.snn = snn
        graph = snn.network.graph
        self.varying = varies_in_time(graph, lambda node: isinstance(self.module_of(node), Temporal))
        self.wired = wiring(snn)
        self.node: Any = None

    def module_of(self, node: fx.Node) -> nn.Module | None:
        return self.snn.network.get_submodule(str(node.target)) if node.op == "call_module" else None

    # the walk

    def run_node(self, n: fx.Node) -> Any:
        self.node = n
        return super().run_node(n)

    def placeholder(self, target: Any, args: Any, kwargs: Any) -> Tensor:
        shape = self.snn.plan.input_shapes[0]
        memory = self.program.memory
        if self.program.input is not None:
            self.refuse("it has several inputs")
        self.program.input = memory.new("net_input", "int16_t", torch.Size(shape).numel(), "sample", 0)
        return self.addresses(self.program.input, (1, *shape))

    def call_module(self, target: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        module = self.module_of(self.node)
        assert module is not None
        for kinds, lower in LOWERED.items():
            if isinstance(module, kinds):
                return lower(self, module, *args)
        return self.refuse(f"{type(module).__name__} has no form in C", shape=self.shape())

    def call_function(self, target: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        name = name_of(self.node) if not target.__module__.startswith(("_operator", "operator")) else target.__name__
        if name in ("add", "sum") and isinstance(args[0], Tensor):
            return (self.add if name == "add" else self.sum)(*args, **kwargs)
        if name in MOVES:
            return target(*args, **kwargs)
        return self.refuse(f"the operation {name} has no form in C", shape=self.shape())

    def output(self, target: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        leaves = [leaf for leaf in args[0] if isinstance(leaf, Tensor)]
        if len(leaves) != 1:
            self.refuse("it has several outputs")
        self.program.output = self.read(leaves[0])
        self.program.output.last = 10**9
        self.program.unit = self.program.unit.expand(leaves[0].shape[1:])
        return leaves

    # helpers

    def refuse(self, why: str, shape: tuple[int, ...] | None = None) -> Any:
        self.refused.append(Refusal(site_of(self.node) or str(self.node), why, INSTEAD))
        return torch.zeros(shape or (1,), dtype=torch.int64)

    def shape(self) -> tuple[int, ...]:
        """Of this value, for one sample, at the size of the conversion."""
        value = self.node.meta["val"]
        return tuple(int(size) if isinstance(size, int) else size.node.hint or 1 for size in value.shape)

    def addresses(self, buffer: Buffer, shape: tuple[int, ...]) -> Tensor:
        return torch.arange(buffer.base, buffer.base + buffer.size).view(shape)

    @property
    def place(self) -> int:
        return len(self.program.step)

    @property
    def is_step(self) -> bool:
        return self.node in self.varying

    def say(self, statement: str, *reads: Buffer) -> None:
        for buffer in reads:
            buffer.last = max(buffer.last, self.place)
        (self.program.step if self.is_step else self.program.begin).append(statement)

    def new(self, ctype: str, size: int, *, spikes: bool = False, kind: Any = None) -> Buffer:
        kind = kind or ("step" if self.is_step else "sample")
        return self.program.memory.new(
            f"b{len(self.program.memory.buffers)}", ctype, size, kind, self.place, spikes=spikes
        )

    def state(self, size: int, start: str) -> Buffer:
        made = self.new("int32_t", size, kind="state")
        self.program.reset.append(f"{start.format(made.name)}")
        return made

    def table(self, ctype: str, values: Tensor) -> str:
        name = f"t{len(self.program.tables)}"
        self.program.tables[name] = (ctype, values.detach().flatten().round().to(torch.int64))
        return name

    def read(self, value: Tensor) -> Buffer:
        """The buffer that holds a value, copied together where it is moved or joined."""
        memory = self.program.memory
        flat = value.flatten()
        if (found := memory.whole(flat)) is not None:
            return found
        owners = memory.owners(flat)
        ctypes = {owner.ctype for owner in owners}
        made = self.new(
            ctypes.pop() if len(ctypes) == 1 else "int32_t", len(flat), spikes=any(o.is_spikes for o in owners)
        )
        zeros = bool((flat == 0).any())
        statements = [f"memset({made.name}, 0, sizeof({made.ctype}) * {made.size});"] if zeros else []
        for owner in owners:
            mine = (flat >= owner.base) & (flat < owner.base + owner.size)
            places = mine.nonzero().flatten()
            to, of = self.table("int32_t", places), self.table("int32_t", flat[mine] - owner.base)
            move = f"net_move_{BITS_OF[owner.ctype]}_{BITS_OF[made.ctype]}"
            self.program.functions.add(move)
            statements.append(f"{move}({len(places)}, {to}, {of}, {owner.name}, {made.name});")
            if owner.is_spikes:
                self.program.functions.add("net_move_32_32")
                moved = f"net_move_32_32({len(places)}, {to}, {of}, NET_E({owner.name}), NET_E({made.name}));"
                statements.append(f"NET_COUNTED({moved})")
        if made.is_spikes and (zeros or not all(owner.is_spikes for owner in owners)):
            statements.insert(0, f"NET_COUNTED(memset(NET_E({made.name}), 0, sizeof(int32_t) * {made.size});)")
        self.say("\n    ".join(statements), *owners)
        return made

    def wide(self, buffer: Buffer) -> Buffer:
        """The same in 32 bits."""
        if buffer.ctype == "int32_t":
            return buffer
        made = self.new("int32_t", buffer.size)
        function = f"net_widen_{BITS_OF[buffer.ctype]}"
        self.program.functions.add(function)
        self.say(f"{function}({buffer.size}, {buffer.name}, {made.name});", buffer)
        return made

    def counted(self) -> bool:
        layer = self.wired.layers.get(site_of(self.node))
        return layer is not None and layer.reads == "spikes"

    # work

    def levels(self, module: Levels, x: Tensor) -> Tensor:
        if self.program.levels is not None or self.program.memory.whole(x) is not self.program.input:
            return self.refuse("it rounds what was computed, by a real number", tuple(x.shape))
        self.program.levels = module
        return x

    def layer(self, module: Any, x: Tensor) -> Tensor:
        source = self.read(x)
        shape = tuple(module.in_floats(torch.zeros(x.shape)).shape)
        made = self.new("int32_t", torch.Size(shape).numel())
        weight, is_linear = module.weight.detach(), isinstance(module, nn.Linear)
        bias = self.table("int32_t", module.bias) if module.bias is not None else "NULL"
        weights = self.table("int8_t" if module.bits <= 8 else "int16_t", weight)
        counts = "1" if self.counted() and source.is_spikes else "0"
        events = f"NET_E({source.name})" if counts == "1" else "NULL"
        kind, bits = BITS_OF[source.ctype], "8" if module.bits <= 8 else "16"
        if is_linear:
            rows, features = x.numel() // x.shape[-1], x.shape[-1]
            function = f"net_linear_{kind}_{bits}"
            call = (
                f"{function}({rows}, {features}, {shape[-1]}, {weights}, {bias}, {source.name}, {made.name}, {events});"
            )
        else:
            if module.padding_mode != "zeros" or isinstance(module.padding, str):
                return self.refuse("its borders are padded by something else than zeros", shape)
            transposed = isinstance(module, (nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d))
            numbers = [
                x.shape[1], shape[1], module.groups, *full(x.shape[2:]), *full(shape[2:]), *full(weight.shape[2:]),
                *full(spread(module.stride, x.dim() - 2)), *full(spread(module.padding, x.dim() - 2), 0),
                *full(spread(module.dilation, x.dim() - 2)), int(transposed),
            ]  # fmt: skip
            geometry = self.table("int32_t", torch.tensor(numbers))
            function = f"net_conv_{kind}_{bits}"
            call = f"{function}({geometry}, {weights}, {bias}, {source.name}, {made.name}, {events});"
        self.program.functions.add(function)
        self.say(call, source)
        return self.addresses(made, shape)

    def neuron(self, module: Neuron, x: Tensor) -> Tensor:
        step = module.fused(torch.zeros(x.shape))
        if step is None or not step.whole:
            return self.refuse(f"{type(module).__name__} has no form in C", tuple(x.shape))
        if module.is_timed(torch.zeros(x.shape)):
            return self.refuse("its offset changes from step to step", tuple(x.shape))
        source, size = self.read(x), x.numel()
        low, high = module.extent
        ctype = "int8_t" if low >= -128 and high <= 127 else "int16_t" if high < 2**15 else "int32_t"
        made = self.new(ctype, size, spikes=True)
        start = self.table("int32_t", per_element(step.start, x))
        v = self.state(size, f"net_start({size}, {start}, {len(self.program.tables[start][1])}, {{}});")
        needs_low, needs_drive = step.rounding not in ("reach", "exceed"), step.gate == "input"
        fired, drive = (
            self.state(size, f"memset({{}}, 0, sizeof(int32_t) * {size});").name if needed else "NULL"
            for needed in (needs_low, needs_drive)
        )
        theta = self.table("int32_t", per_element(step.theta, x))
        optional = [
            self.table("int32_t", per_element(value, x)) if value is not None else "NULL"
            for value in (step.offset, step.most, step.surcharge)
        ]
        lengths = [len(self.program.tables[name][1]) if name != "NULL" else 1 for name in (theta, *optional)]
        function = f"net_fire_{BITS_OF[ctype]}"
        self.program.functions.add(function)
        rounding, gate, code = ROUNDING[step.rounding], GATE[step.gate], CODE[step.code]
        self.say(
            f"{function}({size}, {source.name}, {v.name}, {fired}, {drive}, {theta}, {lengths[0]}, {optional[0]}, "
            f"{lengths[1]}, {optional[1]}, {lengths[2]}, {optional[2]}, {lengths[3]}, {step.beta}, {step.down}, "
            f"{rounding}, {gate}, {code}, {made.name}, NET_E({made.name}));", source,
        )  # fmt: skip
        return self.addresses(made, tuple(x.shape))

    def scale(self, module: Scale, x: Tensor, base: Tensor | None = None) -> Tensor:
        if base is None and all(user.op == "output" for user in self.node.users):
            self.program.unit = module.factor.detach().float().expand(x.shape[1:]).clone()
            return x
        return self.affine(module.factor, None, x, base)

    def norm(self, module: Any, x: Tensor) -> Tensor:
        zeros = torch.zeros(1, x.shape[1], *[1] * (x.dim() - 2))
        with torch.no_grad():
            b, a = module.eval()(zeros), module(zeros + 1)
        return self.affine((a - b)[0], b[0], x, None)

    def affine(self, factor: Tensor, term: Tensor | None, x: Tensor, base: Tensor | None) -> Tensor:
        source, other = self.read(x), None if base is None else self.wide(self.read(base))
        made = self.new("int32_t", x.numel())
        table = self.table("int32_t", per_element(factor, x))
        offsets = "NULL" if term is None else self.table("int32_t", per_element(term, x))
        terms = 1 if term is None else len(self.program.tables[offsets][1])
        function = f"net_affine_{BITS_OF[source.ctype]}"
        self.program.functions.add(function)
        count = len(self.program.tables[table][1])
        self.say(
            f"{function}({x.numel()}, {source.name}, {table}, {count}, {offsets}, {terms}, "
            f"{'NULL' if other is None else other.name}, {made.name});", *filter(None, [source, other]),
        )  # fmt: skip
        return self.addresses(made, tuple(x.shape))

    def pool(self, module: Any, x: Tensor) -> Tensor:
        source = self.read(x)
        shape = tuple(module(torch.zeros(x.shape)).shape)
        made = self.new("int32_t", torch.Size(shape).numel(), spikes=source.is_spikes)
        self.summed("net_sum_pool", self.window(module, x, shape), source, made)
        return self.addresses(made, shape)

    def summed(self, family: str, sizes: str, source: Buffer, made: Buffer) -> None:
        """Sums of values, and of their events where those are told of."""
        function = f"{family}_{BITS_OF[source.ctype]}"
        self.program.functions.add(function)
        counted = ""
        if source.is_spikes:
            self.program.functions.add(f"{family}_32")
            counted = f"\n    NET_COUNTED({family}_32({sizes}, NET_E({source.name}), NET_E({made.name}));)"
        self.say(f"{function}({sizes}, {source.name}, {made.name});{counted}", source)

    def window(self, module: Any, x: Tensor, shape: tuple[int, ...]) -> str:
        dims = x.dim() - 2
        dilation = getattr(module, "dilation", 1)
        numbers = [x.shape[1], *full(x.shape[2:]), *full(shape[2:]), *full(spread(module.kernel_size, dims)),
                   *full(spread(module.stride, dims)), *full(spread(module.padding, dims), 0),
                   *full(spread(dilation, dims))]  # fmt: skip
        return self.table("int32_t", torch.tensor(numbers))

    def running(self, module: RunningSum, x: Tensor) -> Tensor:
        function = module.function
        if not isinstance(function, MAX_POOLS) or function.return_indices:
            return self.refuse(f"a running sum of {type(function).__name__} has no form in C", self.shape())
        source = self.read(x)
        shape = tuple(function(torch.zeros(x.shape)).shape)
        size = torch.Size(shape).numel()
        clear = "memset({{}}, 0, sizeof(int32_t) * {});"
        total, given = (self.state(count, clear.format(count)) for count in (x.numel(), size))
        code = self.wired.sources[str(self.node.target)].code if str(self.node.target) in self.wired.sources else None
        made = self.new("int32_t", size, spikes=code is not None)
        kind = BITS_OF[source.ctype]
        self.program.functions.add(f"net_max_pool_{kind}")
        events = f"NET_E({made.name})" if code is not None else "NULL"
        self.say(
            f"net_max_pool_{kind}({self.window(function, x, shape)}, {source.name}, {total.name}, {given.name}, "
            f"{CODE[code or 'unary']}, {made.name}, {events});", source,
        )  # fmt: skip
        return self.addresses(made, shape)

    def requantise(self, module: Requantise, x: Tensor) -> Tensor:
        source = self.read(x)
        start = self.table("int32_t", torch.tensor([2**module.shift // 2]))
        rest = self.state(x.numel(), f"net_start({x.numel()}, {start}, 1, {{}});")
        made = self.new("int32_t", x.numel())
        function = f"net_requantise_{BITS_OF[source.ctype]}"
        self.program.functions.add(function)
        self.say(f"{function}({x.numel()}, {module.shift}, {source.name}, {rest.name}, {made.name});", source)
        return self.addresses(made, tuple(x.shape))

    def add(self, x: Any, y: Any, alpha: int = 1) -> Any:
        if not isinstance(y, Tensor) or alpha != 1 or x.shape != y.shape:
            return self.refuse("this addition has no form in C", tuple(x.shape))
        return self.affine(torch.ones(()), None, x, y)

    def sum(self, x: Tensor, dims: Any = None, keepdim: bool = False, **_: Any) -> Tensor:
        shape = tuple(torch.zeros(x.shape).sum(dims, keepdim=keepdim).shape) if dims else (1,)
        summed = sorted(dim % x.dim() for dim in (dims or range(x.dim())))
        kept = [dim for dim in range(x.dim()) if dim not in summed]
        rows = x.permute(*kept, *summed).reshape(torch.Size(shape).numel(), -1)
        source = self.read(rows)
        made = self.new("int32_t", len(rows), spikes=source.is_spikes)
        self.summed("net_row_sums", f"{rows.shape[0]}, {rows.shape[1]}", source, made)
        return self.addresses(made, shape)


BITS_OF = {"int8_t": "8", "int16_t": "16", "int32_t": "32"}
ROUNDING = {"reach": 0, "exceed": 1, "trunc": 2, "floor": 3, "frugal": 4}
GATE = {"none": 0, "memory": 1, "input": 2}
CODE = {"unary": 0, "binary": 1, "signed": 2}
LOWERED: dict[Any, Callable[..., Any]] = {
    Levels: Lowering.levels,
    WholeLayer: Lowering.layer,
    Neuron: Lowering.neuron,
    Scale: Lowering.scale,
    tuple(WHOLE_NORMS.values()): Lowering.norm,
    SUM_POOLS: Lowering.pool,
    RunningSum: Lowering.running,
    Requantise: Lowering.requantise,
}


def full(sizes: Any, missing: int = 1) -> list[int]:
    """Of three dimensions of space, whatever a layer has."""
    given = [int(size) for size in sizes]
    return [missing] * (DIMS - len(given)) + given


def per_element(value: Tensor, x: Tensor) -> Tensor:
    """A parameter as one number, or one per element of a sample."""
    value = value.detach().float()
    if value.numel() == 1:
        return value.reshape(1)
    shape = tuple(x.shape[1:])
    if value.dim() == x.dim():
        value = value[0]
    if value.dim() == len(shape) and value.shape[0] == shape[0] == value.numel():
        return value.reshape(-1)  # one per channel: the C functions divide sizes
    return value.expand(shape).flatten()


def lowered(snn: SpikingNetwork) -> tuple[Program, list[Refusal]]:
    """The program of a network of whole numbers, and everything that stands in its way."""
    lowering = walked(Lowering(snn))
    return lowering.program, lowering.refused
