"""Runs a pickle on stand-ins, opcode by opcode as torch's restricted unpickler would, to see what it would call."""

from __future__ import annotations

import pickletools
from _compat_pickle import IMPORT_MAPPING, NAME_MAPPING
from collections.abc import Callable, Collection
from typing import IO, Any

from .pickle_calls import Judge
from .pickle_values import Made, Named, Row, Storages, Unjustified, Value, check_key, depth_of

MOST_OPERATIONS = 3_000_000  # torch takes about a second for a million
DEEPEST = 1000  # Python's own pickler goes no deeper


class Machine:
    """The stack and memory of one pickle.

    Attributes:
        judge: of its calls. storages: of its tensors.
        refused: names at which torch stops.
    """

    def __init__(self, judge: Judge, storages: Storages, refused: Collection[str] = ()) -> None:
        self.judge, self.storages, self.refused = judge, storages, refused
        self.stack: list[Value] = []
        self.marked: list[list[Value]] = []
        self.memory: dict[int, Value] = {}

    def run(self, file: IO[bytes]) -> None:
        """Raises: Unjustified, and whatever a damaged pickle leads to."""
        for count, (opcode, argument, _) in enumerate(pickletools.genops(file)):
            if count > MOST_OPERATIONS:
                raise Unjustified(f"a pickle of more than {MOST_OPERATIONS:,} operations")
            if opcode.name == "GLOBAL" and named(str(argument)) in self.refused:
                return
            if opcode.name in _VALUES:
                self.stack.append(argument)
            elif opcode.name in _STEPS:
                _STEPS[opcode.name](self, argument)
            elif opcode.name not in ("PROTO", "STOP"):
                return  # torch stops here too, with its own message

    def push(self, value: Value) -> None:
        if depth_of(value) > DEEPEST:
            raise Unjustified(f"objects that nest more than {DEEPEST:,} levels deep")
        self.stack.append(value)

    def take_marked(self) -> list[Value]:
        items, self.stack = self.stack, self.marked.pop()
        return items

    def mark(self, _: Any) -> None:
        self.marked.append(self.stack)
        self.stack = []

    def remember(self, place: int) -> None:
        self.memory[place] = self.stack[-1]

    def recall(self, place: int) -> None:
        self.stack.append(self.memory[place])

    def name(self, argument: str) -> None:
        self.stack.append(Named(named(argument)))

    def call(self, _: Any) -> None:
        arguments = self.stack.pop()
        self.push(self.judge.call(self.stack.pop(), arguments))

    def new(self, _: Any) -> None:
        arguments = self.stack.pop()
        self.push(self.judge.new(self.stack.pop(), arguments))

    def build(self, _: Any) -> None:
        state = self.stack.pop()
        self.judge.build(self.stack[-1], state)
        self.deepen(state)

    def persistent(self, _: Any) -> None:
        self.push(self.storages.claim(self.stack.pop()))

    def append(self, items: list[Value]) -> None:
        row = self.stack[-1]
        if isinstance(row, Row):
            row.items.extend(items)
        self.deepen(*items)

    def set_items(self, items: list[Value]) -> None:
        for key in items[::2]:
            check_key(key)
        self.deepen(*items)

    def deepen(self, *items: Value) -> None:
        """Something was put into what is on top of the stack."""
        holder = self.stack[-1]
        if isinstance(holder, (Row, Made)):
            holder.depth = max(holder.depth, 1 + max(map(depth_of, items), default=0))
            if holder.depth > DEEPEST:
                raise Unjustified(f"objects that nest more than {DEEPEST:,} levels deep")

    def row(self, count: int) -> None:
        """A tuple of the last `count` values."""
        place = len(self.stack) - count
        if place < 0:
            raise IndexError("the stack is empty")
        items = self.stack[place:]
        del self.stack[place:]
        self.push(Row(items))


def named(argument: str) -> str:
    """The full name in an opcode; torch reads the names of Python 2 as those of today."""
    module, _, name = argument.partition(" ")
    if (module, name) in NAME_MAPPING:
        module, name = NAME_MAPPING[module, name]
    else:
        module = IMPORT_MAPPING.get(module, module)
    return f"{module}.{name}"


_VALUES = frozenset(
    (
        "NONE",
        "NEWFALSE",
        "NEWTRUE",
        "BININT",
        "BININT1",
        "BININT2",
        "LONG1",
        "BINFLOAT",
        "BINUNICODE",
        "SHORT_BINSTRING",
    )
)
_STEPS: dict[str, Callable[[Machine, Any], None]] = {
    "GLOBAL": Machine.name,
    "REDUCE": Machine.call,
    "NEWOBJ": Machine.new,
    "BUILD": Machine.build,
    "BINPERSID": Machine.persistent,
    "MARK": Machine.mark,
    "BINPUT": Machine.remember,
    "LONG_BINPUT": Machine.remember,
    "BINGET": Machine.recall,
    "LONG_BINGET": Machine.recall,
    "EMPTY_TUPLE": lambda machine, _: machine.row(0),
    "TUPLE1": lambda machine, _: machine.row(1),
    "TUPLE2": lambda machine, _: machine.row(2),
    "TUPLE3": lambda machine, _: machine.row(3),
    "TUPLE": lambda machine, _: machine.push(Row(machine.take_marked())),
    "EMPTY_LIST": lambda machine, _: machine.push(Row([])),
    "EMPTY_DICT": lambda machine, _: machine.push(Made("builtins.dict")),
    "EMPTY_SET": lambda machine, _: machine.push(Made("builtins.set")),
    "APPEND": lambda machine, _: machine.append([machine.stack.pop()]),
    "APPENDS": lambda machine, _: machine.append(machine.take_marked()),
    "SETITEM": lambda machine, _: machine.set_items([machine.stack.pop(-2), machine.stack.pop()]),
    "SETITEMS": lambda machine, _: machine.set_items(machine.take_marked()),
}
