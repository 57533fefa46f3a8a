"""One door for every way to name a model: a file of any kind, or the name of an architecture."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from torch import Tensor, nn
from torch.export import ExportedProgram

from ..errors import InputError
from .checkpoint import load_safetensors, load_weights, state_dict_of
from .detect import FileKind, detect
from .factory import GRAMMAR, build, nearest, parse_arch_args
from .pickled import load_pickle
from .pt2 import load_program

_ARCH = "say which network the weights are for, for example --arch torchvision:resnet18"
_EXPORT = "load it in Python where it came from and save it with torch.export.save(torch.export.export(…), 'model.pt2')"


@dataclass(frozen=True)
class OpenedModel:
    """A model as the user named it.

    Attributes:
        model: the network, or the program of a `.pt2`.
        extra: the texts saved in a `.pt2`; a converted network is told by them.
        description: one line that says what was opened.
        notes: what the user should know, such as that the weights are random.
    """

    model: nn.Module | ExportedProgram
    extra: dict[str, str] = field(default_factory=dict)
    description: str = ""
    notes: tuple[str, ...] = ()


def open_model(
    source: str,
    *,
    arch: str | None = None,
    weights: str | None = None,
    num_classes: int | None = None,
    arch_args: Iterable[str] = (),
    allow: Sequence[str] = (),
    trust: bool = False,
) -> OpenedModel:
    """Open `source`: a `.pt2`, `.pt`, `.pth` or `.safetensors` file, or an architecture as `torchvision:resnet18`.

    Args:
        source: the file or architecture. A file wins where both could be meant.
        arch: for files that hold only weights: the network they belong to, in the same grammar.
        weights: for architectures and pickled modules: a file to take the weights from.
        num_classes: passed to the architecture's factory.
        arch_args: further arguments for it, as `name=value`.
        allow: classes to let through when unpickling.
        trust: run whatever the file says.

    Raises:
        UnsafeFileError: the file could run code when loaded.
        InputError: anything else is wrong with the file, the architecture, or how they go together.
    """
    options = parse_arch_args(arch_args)
    if not Path(source).exists() and _is_architecture(source):
        if arch is not None:
            raise InputError("--arch says what a weights file is for", got=f"the architecture {source}", where="--arch")
        return _open_architecture(source, weights, num_classes, options, allow, trust)
    if not Path(source).exists():
        raise InputError("no such file", expected=f"a model file, or {GRAMMAR}", where=source, remedy=nearest(source))
    kind = detect(source)
    if arch is None and (num_classes is not None or options):
        raise InputError("--num-classes and --arch-arg go with an architecture", where=source, remedy=_ARCH)
    name = Path(source).name
    if kind is FileKind.PROGRAM:
        if arch is not None or weights is not None:
            raise InputError("an exported program has its own network and weights", where=source,
                             remedy="leave --arch and --weights out")  # fmt: skip
        program, extra = load_program(source, trust=trust)
        return OpenedModel(program, extra, f"{name}, an exported program")
    if kind is FileKind.PICKLE:
        loaded = load_pickle(source, allow=allow, trust=trust)
        if isinstance(loaded, nn.Module) and arch is None:
            if weights is not None:
                load_weights(loaded, _read_weights(weights, allow, trust), weights)
            return OpenedModel(loaded, {}, f"{name}, a pickled {type(loaded).__name__}")
        _require_arch(arch, source)
        state = state_dict_of(loaded, source)
    elif kind is FileKind.SAFETENSORS:
        _require_arch(arch, source)
        state = load_safetensors(source)
    else:
        raise InputError(f"{kind.value}s cannot be opened", where=source, remedy=_EXPORT)
    if weights is not None:
        raise InputError("two files with weights", got=f"{source} and --weights {weights}", remedy="leave one out")
    assert arch is not None  # _require_arch
    model = build(arch, num_classes=num_classes, arch_args=options)
    load_weights(model, state, source)
    return OpenedModel(model, {}, f"{arch} with the weights of {name}")


def _is_architecture(source: str) -> bool:
    """Whether `source` is meant as `prefix:name`, not as the path of a file that is missing."""
    return ":" in source and not any(mark in source for mark in ("/", os.sep)) and Path(source).suffix not in (
        ".pt", ".pth", ".pt2", ".safetensors", ".onnx")  # fmt: skip


def _open_architecture(
    spec: str,
    weights: str | None,
    num_classes: int | None,
    options: dict[str, str],
    allow: Sequence[str],
    trust: bool,
) -> OpenedModel:
    state = None if weights is None else _read_weights(weights, allow, trust)  # before a build that can take long
    model = build(spec, num_classes=num_classes, arch_args=options)
    if weights is not None and state is not None:
        load_weights(model, state, weights)
        return OpenedModel(model, {}, f"{spec} with the weights of {Path(weights).name}")
    pretrained = options.get("pretrained", "").lower() == "true" or options.get("weights", "none").lower() != "none"
    if pretrained:
        return OpenedModel(model, {}, f"{spec} with its published weights")
    note = f"the weights of {spec} are random; give trained ones with --weights FILE"
    return OpenedModel(model, {}, f"{spec} with random weights", (note,))


def _read_weights(path: str, allow: Sequence[str], trust: bool) -> dict[str, Tensor]:
    """The tensors in a file given as --weights."""
    kind = detect(path)
    if kind is FileKind.SAFETENSORS:
        return load_safetensors(path)
    if kind is FileKind.PICKLE:
        return state_dict_of(load_pickle(path, allow=allow, trust=trust), path)
    raise InputError("not a file of weights", expected="a checkpoint (.pt, .pth) or .safetensors",
                     got=kind.value, where=path)  # fmt: skip


def _require_arch(arch: str | None, source: str) -> None:
    if arch is None:
        raise InputError("the file holds weights but no network", where=source, remedy=_ARCH)
