"""Which modules a call was traced in: what torch.export records with it, and a saved program keeps."""

from __future__ import annotations

from typing import NamedTuple

from torch import fx, nn

OWN = "snnconv."


class Around(NamedTuple):
    """A module in whose forward a call was traced: its path, and the full name of its class."""

    path: str
    kind: str

    def is_a(self, *kinds: type[nn.Module]) -> bool:
        """Whether its class is one of `kinds`, by name: a file has no classes.

        Of our own the last word is compared: a file has the full name of the version that wrote it, and modules move.
        """
        own = self.kind.rpartition(".")[2] if self.kind.startswith(OWN) else None
        return any(self.kind == name_of_class(k) or (own == k.__name__ and is_own(k)) for k in kinds)


def modules_around(node: fx.Node) -> list[Around]:
    """The modules in whose forward a call was traced, the outermost first."""
    stack = (node.meta.get("nn_module_stack") or {}).values()
    return [Around(path, kind if isinstance(kind, str) else name_of_class(kind)) for path, kind in stack]


def path_around(node: fx.Node) -> str:
    """The path of the innermost of them; "" at the top."""
    around = modules_around(node)
    return around[-1].path if around else ""


def name_of_class(kind: type) -> str:
    return f"{kind.__module__}.{kind.__qualname__}"


def is_own(kind: type) -> bool:
    return kind.__module__.startswith(OWN)
