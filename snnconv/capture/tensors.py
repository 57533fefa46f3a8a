"""Parameters and buffers of an exported program: which placeholder is which, and putting them back where they were."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import torch
from torch import fx, nn
from torch.export import ExportedProgram
from torch.export.graph_signature import InputKind

from ..graph.graphs import Container, put_module

COUNTER = "num_batches_tracked"


@dataclass
class ProgramTensors:
    """Copies of a program's tensors by their full names: plain ones, in the usual order in memory, which files keep."""

    names: dict[str, str]  # placeholder name → full name
    values: dict[str, torch.Tensor]
    buffers: set[str]
    transient: set[str]  # buffers outside the state_dict
    originals: dict[str, str]  # plain path → what the source calls it, where that differs
    placed: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, program: ExportedProgram, originals: dict[str, str]) -> ProgramTensors:
        lifted = {InputKind.PARAMETER, InputKind.BUFFER, InputKind.CONSTANT_TENSOR}
        names = {spec.arg.name: str(spec.target) for spec in program.graph_signature.input_specs if spec.kind in lifted}
        constants = {name: value for name, value in program.constants.items() if isinstance(value, torch.Tensor)}
        stored: dict[str, Any] = {**program.state_dict, **constants}
        copies: dict[int, torch.Tensor] = {}  # tied tensors stay tied
        for value in stored.values():
            if id(value) not in copies:
                copy = value.detach().as_subclass(torch.Tensor).clone(memory_format=torch.contiguous_format)
                is_parameter = isinstance(value, nn.Parameter)
                copies[id(value)] = nn.Parameter(copy, value.requires_grad) if is_parameter else copy
        return cls(
            names=names,
            values={name: copies[id(value)] for name, value in stored.items()},
            buffers={name for name, value in stored.items() if not isinstance(value, nn.Parameter)},
            transient=set(constants),
            originals=originals,
        )

    def original(self, path: str) -> str:
        return self.originals.get(path, path)

    def fill(self, module: nn.Module, path: str, roles: dict[str, str]) -> bool:
        """Give `module` the tensors that live at `path`.

        Args:
            roles: the operation's argument name → the tensor's full name.

        Returns:
            False, and nothing done, where the tensors at `path` are not exactly those the module has.
        """
        own = {name.removeprefix(path + ".") for name in self.values if name.rpartition(".")[0] == path}
        expected = {
            name for name, value in [*module._parameters.items(), *module._buffers.items()] if value is not None
        }
        if (
            any(name.rpartition(".")[0] != path for name in roles.values())
            or expected - own - {COUNTER}
            or own - expected
        ):
            return False
        for name in own:
            self.place(module, name, f"{path}.{name}")
        if COUNTER in expected - own:
            module._buffers[COUNTER] = torch.tensor(0)
        return True

    def place(self, module: nn.Module, name: str, full_name: str) -> None:
        value = self.values[full_name]
        if full_name in self.buffers:
            module.register_buffer(name, value, persistent=full_name not in self.transient)
        else:
            module._parameters[name] = value  # type: ignore[assignment]
        self.placed.add(full_name)


def place_rest(root: nn.Module, tensors: ProgramTensors) -> None:
    """Put every tensor that no raised module took (bare parameters, constants, unused heads) where its name says."""
    for full_name in tensors.values:
        if full_name not in tensors.placed:
            path, _, name = full_name.rpartition(".")
            tensors.place(container_at(root, path), name, full_name)


def attach_all(raised: fx.GraphModule, root: nn.Module, tensors: ProgramTensors, class_names: dict[str, str]) -> None:
    """Complete a fresh GraphModule, which copied only what its graph names, with every module and tensor there is."""
    for kind in ("_modules", "_parameters", "_buffers", "_non_persistent_buffers_set"):
        raised.__dict__[kind].update(root.__dict__[kind])
    for path, module in raised.named_modules():
        if isinstance(module, Container):
            module.class_name = class_names.get(path, module.class_name)
    translate_keys(raised, tensors)


def container_at(root: nn.Module, path: str) -> nn.Module:
    if not path:
        return root
    try:
        return root.get_submodule(path)
    except AttributeError:
        put_module(root, path, Container())
        return root.get_submodule(path)


def translate_keys(raised: fx.GraphModule, tensors: ProgramTensors) -> None:
    """Let state_dict and load_state_dict speak the source's key names where modules had to be renamed."""
    renamed = {name: tensors.original(name) for name in tensors.values if name in tensors.originals}
    if not renamed:
        return
    original = {name: safe for safe, name in renamed.items()}

    def outward(module: nn.Module, state: dict[str, Any], prefix: str, _metadata: Any) -> None:
        for key in list(state):  # all of them, which keeps their order
            inside = key.removeprefix(prefix)
            state[prefix + renamed[inside] if key == prefix + inside and inside in renamed else key] = state.pop(key)

    def inward(module: nn.Module, state: dict[str, Any], prefix: str, *_: Any) -> None:
        for name, safe in original.items():
            if prefix + name in state:
                state[prefix + safe] = state.pop(prefix + name)

    raised.register_state_dict_post_hook(outward)
    raised.register_load_state_dict_pre_hook(inward)
