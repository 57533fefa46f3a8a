"""From an ATen program back to nn.Modules at their original names: same outputs to the bit, same state_dict keys.

The owner of an operation is the module whose parameters it reads (the name of the weight says which); operations
without parameters take the name that torch.export recorded for the module they were traced in. Settings come from the
operation's arguments, so a program read from a file raises without the source code that made it.
"""

from __future__ import annotations

import operator
from dataclasses import dataclass
from typing import Any

import torch
from torch import fx, nn
from torch.export import ExportedProgram
from torch.export.graph_signature import OutputKind
from torch.fx.graph import _custom_builtins, _PyTreeInfo

from ..errors import InputError, SnnconvError, UnsupportedModelError
from ..graph.codegen import TreeCodeGen, children_of, graph_module_of, new_graph
from ..graph.graphs import is_inside, put_module
from ..graph.handlers import RAISERS, Call, bind
from ..graph.stack import modules_around
from .functionalise import functionalise, out_of_place
from .inlining import inline_regions
from .plain_names import notice_of, originals_in, plain_part, plain_program
from .synonyms import usual_name
from .tensors import ProgramTensors, attach_all, place_rest


def raise_modules(program: ExportedProgram, source: nn.Module | None = None) -> fx.GraphModule:
    """Rebuild a module tree that computes what `program` computes.

    Args:
        program: an ATen program in training IR (or decomposed), from `capture` or a file.
        source: the module it came from, where there is one: the settings that an ATen program loses
            (`BatchNorm(momentum=None)`) are read from it.

    Returns:
        A GraphModule with the calling convention, the module names and the state_dict keys of the source. It owns
        copies of all tensors.

    Raises:
        UnsupportedModelError: the network changes its own buffers in eval mode, or holds opaque objects, or a branch or
            loop that data decide.
    """
    program = inline_regions(plain_program(program))
    originals = originals_in(program)
    notices = [*program.graph_module.meta.get("notices", []), *notice_of(originals)]
    program = functionalise(program)
    refuse_state_changes(program)
    tensors = ProgramTensors.of(program, originals)
    raiser = _Raiser(tensors, source)
    graph = raiser.graph(program)
    place_rest(raiser.root, tensors)
    name = type(source).__name__ if source is not None else module_names(program).get("", "Network")
    raised = graph_module_of(raiser.root, graph, plain_part(name))
    attach_all(raised, raiser.root, tensors, module_names(program))
    raised.meta["notices"] = notices
    raised.recompile()
    return raised.eval()


@dataclass
class _Raiser:
    """One run of raising: the module tree under construction and which module already stands where."""

    tensors: ProgramTensors
    source: nn.Module | None

    def __post_init__(self) -> None:
        self.root = nn.Module()
        self.standing: dict[str, str] = {}  # path → settings of the module raised there

    def graph(self, program: ExportedProgram) -> fx.Graph:
        graph = new_graph(calling_convention(program))
        copies: dict[fx.Node, fx.Node] = {}
        for node in program.graph.nodes:
            if node.op == "placeholder" and node.name in self.tensors.names:
                copies[node] = graph.get_attr(self.tensors.names[node.name])
                copies[node].meta = dict(node.meta)
            elif node.op == "call_function":
                copies[node] = self.call(graph, node, copies)
            elif node.op == "output":
                graph.output(fx.map_arg(user_outputs(program, node), copies.__getitem__)).meta = dict(node.meta)
            else:
                copies[node] = graph.node_copy(node, copies.__getitem__)
                if node.op == "placeholder":
                    copies[node].target = copies[node].name  # an input that is called `torch` would hide torch
        graph.eliminate_dead_code(is_impure_node=lambda node: node.op in {"placeholder", "output"})
        return graph

    def call(self, graph: fx.Graph, node: fx.Node, copies: dict[fx.Node, fx.Node]) -> fx.Node:
        """The module call that stands for `node`, or a copy of the function call where no module fits."""
        target = usual_name(out_of_place(node.target))
        call = bind(node, target, self.tensors.names)
        source = node.args[0] if node.args else None
        is_output = target is operator.getitem and isinstance(source, fx.Node) and node.args[1] == 0
        if is_output and copies[source].op == "call_module":  # type: ignore[index]
            # A decomposed BatchNorm yields statistics beside its output, an adaptive max pooling indices.
            copies[source].meta["val"] = node.meta["val"]  # type: ignore[index]
            return copies[source]  # type: ignore[index]
        raiser = RAISERS.get(target) if call else None
        try:
            module = raiser(call) if raiser and call else None
        except (ArithmeticError, RuntimeError, TypeError, ValueError) as error:  # a file can give it any arguments
            if isinstance(error, SnnconvError):
                raise
            raise InputError(
                "an operation of the program is not a layer", got=str(error)[:200], where=str(node)
            ) from error
        if call and module is not None and self.settle(call, module):
            copy = graph.call_module(str(call.owner), (copies[call.values[call.input]],))
        else:
            copy = graph.node_copy(node, copies.__getitem__)
            copy.target = target  # type: ignore[assignment]
            copy.kwargs = {**copy.kwargs, **own_type(node)}
        copy.meta = dict(node.meta)
        return copy

    def settle(self, call: Call, module: nn.Module) -> bool:
        """Put the module at its owner's path; False where another one already stands there with other settings."""
        path, settings = str(call.owner), repr(module)
        if path in self.standing:
            return self.standing[path] == settings
        if any(is_inside(other, path) for other in self.standing):
            return False  # a layer that calls one of its own children first: it would take the child's place
        if not self.tensors.fill(module, path, call.tensors):
            return False
        self.restore_lost_settings(module, path)
        self.standing[path] = settings
        put_module(self.root, path, module)
        return True

    def restore_lost_settings(self, module: nn.Module, path: str) -> None:
        """`momentum=None` (cumulative averages) leaves no trace in an eval-mode program."""
        if self.source is not None and isinstance(module, nn.modules.batchnorm._BatchNorm):
            source = self.source.get_submodule(self.tensors.original(path))
            module.momentum = getattr(source, "momentum", module.momentum)


# Names that the code of a graph reads: a parameter called so would hide them.
HIDING = {*_custom_builtins, "self", "getattr", "slice", "range", "complex"}


def own_type(node: fx.Node) -> dict[str, torch.dtype]:
    """`dtype=…` of a tensor made out of nothing, where the program leaves it to the default type of its day."""
    value, schema = node.meta.get("val"), getattr(node.target, "_schema", None)
    if schema is None or not isinstance(value, torch.Tensor) or not value.is_floating_point():
        return {}
    makes = not any(argument.type.isSubtypeOf(torch._C.TensorType.get()) for argument in schema.arguments)
    takes = any(argument.name == "dtype" and argument.kwarg_only for argument in schema.arguments)
    return {"dtype": value.dtype} if makes and takes else {}


STATE = {
    OutputKind.BUFFER_MUTATION: (
        "buffers", "convert a network whose forward keeps no state (spiking state is the engine's)"
    ),
    OutputKind.PARAMETER_MUTATION: (
        "parameters", "write them before the call: an Embedding with max_norm scales its rows at every look-up; "
        "scale all rows once (torch.renorm) and set max_norm=None"
    ),
}  # fmt: skip


def user_outputs(program: ExportedProgram, node: fx.Node) -> tuple[Any, ...]:
    """What the network returns, without what it writes into its inputs: the caller's tensors stay as they are."""
    leaves, specs = node.args[0], program.graph_signature.output_specs
    assert isinstance(leaves, (tuple, list))
    return tuple(leaf for leaf, spec in zip(leaves, specs, strict=True) if spec.kind is OutputKind.USER_OUTPUT)


def refuse_state_changes(program: ExportedProgram) -> None:
    signature = program.graph_signature
    for kind, (what, remedy) in STATE.items():
        changed = sorted(str(spec.target) for spec in signature.output_specs if spec.kind is kind)
        if changed:
            raise UnsupportedModelError(
                f"the network changes its own {what} in eval mode: {', '.join(changed)}", remedy=remedy
            )
    if signature.input_specs and any(spec.kind.name == "CUSTOM_OBJ" for spec in signature.input_specs):
        raise UnsupportedModelError("the program holds opaque TorchBind objects, which have no spiking form")


def calling_convention(program: ExportedProgram) -> TreeCodeGen:
    """The source's own signature: nested lists and dicts of tensors go in and come out as they did."""
    in_spec = program.call_spec.in_spec
    assert in_spec is not None
    signature = program.module_call_graph[0].signature
    names: list[str] = list(getattr(signature, "forward_arg_names", None) or [])
    if not names:
        args, kwargs = children_of(in_spec)
        names = [f"x{i}" if i else "x" for i in range(args.num_children)] + list(kwargs.context or ())
    names = [f"x{i}" if name in HIDING else name for i, name in enumerate(names)]
    return TreeCodeGen(_PyTreeInfo(names, in_spec, program.call_spec.out_spec))


def module_names(program: ExportedProgram) -> dict[str, str]:
    """Path → class name of every module the program was traced through."""
    names: dict[str, str] = {}
    for node in program.graph.nodes:
        names.update(modules_around(node))
    return {path: plain_part(kind.rsplit(".", 1)[-1]) for path, kind in names.items()}
