"""Whether what was unpickled as a network is one: a file can fill a module with anything."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn.parameter import is_lazy

from ..errors import InputError

DEEPEST = 100  # modules in modules
MOST, LEAST, FACTOR = 200_000, 1_000, 8  # modules in all; whatever there is; and for each tensor
_TABLES: dict[str, type] = {"_modules": nn.Module, "_parameters": nn.Parameter, "_buffers": Tensor}


def check_module(module: nn.Module, where: str | None) -> None:
    """Every module has its tables, and in them what belongs there, under names.

    Raises:
        InputError: which one has not; modules that hold themselves; layers without weights, or far too many.
    """
    seen = tensors = 0
    waiting: list[tuple[str, nn.Module, tuple[int, ...]]] = [("", module, ())]
    while waiting:
        place, one, above = waiting.pop()
        seen += 1
        if id(one) in above or len(above) > DEEPEST or seen > MOST:
            what = "holds itself" if id(one) in above else "nests too deeply, or has too many parts"
            raise refused(f"a module that {what}", place, where)
        for table, kind in _TABLES.items():
            check_table(one, table, kind, place, where)
        tensors += len(one._parameters) + len(one._buffers)
        inner = (*above, id(one))
        waiting.extend(
            (f"{place}.{name}".strip("."), child, inner) for name, child in one._modules.items() if child is not None
        )
    if seen > LEAST + FACTOR * tensors:
        raise refused(f"{seen:,} modules with {tensors:,} tensors: far more than any network has", "", where)


def check_table(module: nn.Module, table: str, kind: type, place: str, where: str | None) -> None:
    held = vars(module).get(table)
    if not isinstance(held, dict):
        raise refused(f"a {type(module).__name__} without {table}", place, where)
    for name, value in held.items():
        at = f"{place}.{name}".strip(".")
        if not isinstance(name, str) or not (value is None or isinstance(value, kind)):
            raise refused(f"a {type(value).__name__} among {table}", at, where)
        if not name:  # as torch itself has it, if it is asked: its path would be that of the module around it
            raise refused(f"an empty name among {table}", at, where)
        if isinstance(value, Tensor) and (is_lazy(value) or value.is_meta):
            raise InputError(
                "the network has layers without weights", got="on the meta device, or not initialised yet",
                where=f"{at} in {where}" if where else at, remedy="load its weights, then save it again",
            )  # fmt: skip


def refused(got: str, place: str, where: str | None) -> InputError:
    return InputError(
        "the network in the file is damaged", expected="modules that hold parameters, buffers and modules by name",
        got=got, where=f"{place or 'the outermost module'} in {where}" if where else place,
    )  # fmt: skip
