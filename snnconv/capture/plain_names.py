"""Names of a network as plain paths: torch.fx writes them into the code that it runs, and a file can hold any text.

A part of a path is letters, digits, _ and #; anything else becomes that, with a digest that tells it from others. The
originals stay with the program, as data: for the keys of the state_dict, and for people.
"""

from __future__ import annotations

import copy
import functools
import hashlib
import keyword
import re
from collections.abc import Iterator

from torch import fx, nn
from torch.export import ExportedProgram

from ..errors import UnsupportedModelError
from ..graph.codegen import graph_module_of, new_graph

PART = re.compile(r"[A-Za-z0-9_#]+")
LONGEST, DEEPEST = 100, 64  # characters of a part, parts of a path
STACK = "nn_module_stack"
NAMES = "names"  # where a graph module keeps {plain path: original}, of those that differ
SHOWN = 3


@functools.cache
def claimed() -> tuple[frozenset[str], frozenset[str]]:
    """Attributes that a module, and those that an fx.GraphModule, has for itself: one would hide the other."""
    module = {*dir(nn.Module()), "class_name"}
    return frozenset(module), frozenset({*module, "self", *dir(fx.GraphModule(nn.Module(), new_graph()))})


def plain_path(path: str) -> str:
    """`code.weight` → `code_.weight`, `layer.class` → `layer.class_`, `a b.weight` → `a_b_c8687a08.weight`.

    A plain path comes back as it is.

    Raises:
        UnsupportedModelError: modules nest deeper than any network does.
    """
    first, *rest = path.split(".")
    if len(rest) >= DEEPEST:
        raise UnsupportedModelError(
            f"modules nest {len(rest) + 1} deep", expected=f"at most {DEEPEST}", where=f"{path[:LONGEST]!r} …"
        )
    module, graph_module = claimed()
    return ".".join([plain_part(first, graph_module), *(plain_part(part, module) for part in rest)])


def plain_part(part: str, taken: frozenset[str] = frozenset()) -> str:
    if part in taken or keyword.iskeyword(part):
        return part + "_"
    if len(part) <= LONGEST and PART.fullmatch(part):
        return part
    digest = hashlib.sha256(part.encode(errors="surrogatepass")).hexdigest()[:8]
    return re.sub(r"[^A-Za-z0-9]+", "_", part)[:40] + "_" + digest


def plain_program(program: ExportedProgram) -> ExportedProgram:
    """The program with plain paths for its tensors and modules; itself where they are.

    Raises:
        UnsupportedModelError: two names become the same path, or modules nest too deep.
    """
    tensors = {*program.state_dict, *program.constants}
    tensors |= {spec.target for spec in program.graph_signature.input_specs if spec.target is not None}
    paths = dict.fromkeys([*sorted(tensors), *modules_in(program)])
    names = {path: plain_path(path) for path in paths if path}
    require_different(names)
    names = {path: plain for path, plain in names.items() if plain != path}
    if not names:
        return program
    module = copied(program.graph_module, names)
    signature = copy.deepcopy(program.graph_signature)
    new = {old.name: node.name for old, node in zip(program.graph.nodes, module.graph.nodes, strict=True)}
    for spec in (*signature.input_specs, *signature.output_specs):
        spec.target = names.get(spec.target, spec.target) if spec.target is not None else None
        if isinstance(argument := getattr(spec.arg, "name", None), str):
            spec.arg.name = new.get(argument, argument)  # type: ignore[union-attr]
    state = {names.get(name, name): value for name, value in program.state_dict.items()}
    constants = {names.get(name, name): value for name, value in program.constants.items()}
    result = program._update(module, signature, state_dict=state, constants=constants)
    for entry in result.module_call_graph:
        entry.fqn = names.get(entry.fqn, entry.fqn)
    result._guards_code = program._guards_code
    originals = {plain: path for path, plain in names.items()}
    result.graph_module.meta[NAMES] = {**program.graph_module.meta.get(NAMES, {}), **originals}
    return result


def keep_names(program: ExportedProgram, source: ExportedProgram) -> ExportedProgram:
    """Let a program that was exported again from another keep that one's originals."""
    program.graph_module.meta[NAMES] = originals_in(source)
    return program


def originals_in(program: ExportedProgram) -> dict[str, str]:
    """{plain path: original}, of those that differ."""
    return program.graph_module.meta.get(NAMES, {})


def notice_of(originals: dict[str, str]) -> list[str]:
    """What people should know of renamed modules; a _ behind words of Python's and torch's own needs no notice."""
    strange = [f"{path!r} is {plain}" for plain, path in originals.items() if not is_written_plainly(path)]
    if not strange:
        return []
    more = f" and {len(strange) - SHOWN} more" if len(strange) > SHOWN else ""
    return [f"names that are not plain names are written otherwise: {', '.join(strange[:SHOWN])}{more}"]


def is_written_plainly(path: str) -> bool:
    return all(len(part) <= LONGEST and PART.fullmatch(part) for part in path.split("."))


def require_different(names: dict[str, str]) -> None:
    first: dict[str, str] = {}
    for path, plain in names.items():
        if first.setdefault(plain, path) != path:
            raise UnsupportedModelError(
                "two parts of the network have names that become the same",
                got=f"{first[plain]!r} and {path!r}",
                remedy="rename one of them",
            )


def modules_in(program: ExportedProgram) -> Iterator[str]:
    """Paths of the modules that operations were traced in, sub-graphs included."""
    for module in program.graph_module.modules():
        for node in module.graph.nodes if isinstance(module, fx.GraphModule) else ():
            for path, _ in (node.meta.get(STACK) or {}).values():
                yield path


def copied(module: fx.GraphModule, names: dict[str, str]) -> fx.GraphModule:
    """A copy of the graphs, tensors shared, with the plain paths in what is recorded of every operation."""
    graph, copies = new_graph(), dict[fx.Node, fx.Node]()
    for node in module.graph.nodes:
        copies[node] = graph.node_copy(node, copies.__getitem__)
        if stack := node.meta.get(STACK):
            copies[node].meta[STACK] = {key: (names.get(path, path), kind) for key, (path, kind) in stack.items()}
    root = nn.Module()
    for kind in ("_parameters", "_buffers", "_non_persistent_buffers_set"):
        root.__dict__[kind].update(module.__dict__[kind])
    for name, child in module._modules.items():
        root._modules[name] = copied(child, names) if isinstance(child, fx.GraphModule) else child
    result = graph_module_of(root, graph)
    result.meta.update(module.meta)
    return result
