"""One door for every way to name a model: a file of any kind, or the name of an architecture."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from torch import Tensor, nn
from torch.export import ExportedProgram

from ..errors import InputError
from ._detect import FileKind, detect
from .checkpoint import load_safetensors, state_dict_of
from .clip_file import is_clipped, open_clipped
from .factory import GRAMMAR, build, nearest, parse_arch_args, takes_classes
from .head import Head
from .module_check import check_module
from .pickled import load_pickle
from .pt2 import load_program
from .trained_file import FETCHING, KEY, is_trained, open_trained
from .weights import OtherClasses, load_weights

_ARCH = "say which network the weights are for, for example --arch torchvision:resnet18"
_NO_NETWORK = "the file holds weights but no network"
_SUFFIXES = (".pt", ".pth", ".pt2", ".safetensors", ".onnx")
_EXPORT = (
    "load the model in Python where it came from, before it was scripted or traced, and either pickle it with "
    "torch.save(model, 'model.pt') or export it with torch.export.save(torch.export.export(…), 'model.pt2')"
)


@dataclass(frozen=True)
class OpenedModel:
    """A model as the user named it.

    Attributes:
        model: the network, or the program of a `.pt2`.
        extra: the texts saved in a `.pt2`, or beside a trained network; such networks are told by them.
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
    head: Head | None = "keep",
) -> OpenedModel:
    """Open `source`: a `.pt2`, `.pt`, `.pth`, `.onnx` or `.safetensors` file, or a name as `torchvision:resnet18`.

    Args:
        source: the file or architecture. A file wins where both could be meant.
        arch: for files that hold only weights: the network they belong to, in the same grammar.
        weights: for architectures and pickled modules: a file to take the weights from.
        num_classes: passed to the architecture's factory; None: as many as the weights have.
        arch_args: further arguments for it, as `name=value`.
        allow: classes to let through when unpickling.
        trust: run whatever the file says.
        head: of an architecture with weights: what becomes of a classifier for other classes, as `load_weights` has it.
            One that is new follows from torch's seed.

    Raises:
        UnsafeFileError: the file could run code when loaded.
        UnsupportedModelError: an ONNX file holds operations that are not read.
        InputError: anything else is wrong with the file, the architecture, or how they go together.
    """
    options = parse_arch_args(arch_args)
    if not names_a_file(source):
        if arch is not None:
            raise InputError("--arch says what a weights file is for", got=f"the architecture {source}", where="--arch")
        return _open_architecture(source, weights, num_classes, options, allow, trust, head)
    kind = detect(source)
    if arch is None and (num_classes is not None or options):
        raise InputError("--num-classes and --arch-arg go with an architecture", where=source, remedy=_ARCH)
    if kind is FileKind.PROGRAM:
        _refuse_more(arch, weights, "an exported program", source)
        program, extra = load_program(source, trust=trust)
        if is_clipped(extra):
            clipped = open_clipped(program, extra, source)
            return OpenedModel(clipped, extra, f"{Path(source).name}, a network with learnable clips")
        return OpenedModel(program, extra, f"{Path(source).name}, an exported program")
    if kind is FileKind.ONNX:
        return _open_onnx(source, arch, weights)
    if kind is FileKind.TORCHSCRIPT:
        # It holds compiled code, which torch.export does not take; torch.jit.load would run it.
        raise InputError("this is a TorchScript file, which cannot be converted", where=source, remedy=_EXPORT)
    if kind is FileKind.PICKLE and arch is None:
        return _open_module(source, weights, allow, trust)
    if arch is None:
        raise InputError(_NO_NETWORK, where=source, remedy=_ARCH)
    if weights is not None:
        raise InputError("two files with weights", got=f"{source} and --weights {weights}", remedy="leave one out")
    return _open_architecture(arch, source, num_classes, options, allow, trust, head)


def names_a_file(source: str) -> bool:
    """Whether it is a file, or a folder; else it names an architecture.

    Raises:
        InputError: it does neither.
    """
    if source and Path(source).exists():
        return True
    if not _is_architecture(source):
        raise InputError(
            "no such file", expected=f"a model file, or {GRAMMAR}", where=repr(source), remedy=nearest(source)
        )
    return False


def _refuse_more(arch: str | None, weights: str | None, what: str, source: str) -> None:
    if arch is not None or weights is not None:
        remedy = "leave --arch and --weights out"
        raise InputError(f"{what} has its own network and weights", where=source, remedy=remedy)


def _open_onnx(source: str, arch: str | None, weights: str | None) -> OpenedModel:
    from .onnx_file import open_onnx

    _refuse_more(arch, weights, "an ONNX file", source)
    network, notes = open_onnx(source)
    return OpenedModel(network, {}, f"{Path(source).name}, an ONNX file", tuple(notes))


def _open_module(source: str, weights: str | None, allow: Sequence[str], trust: bool) -> OpenedModel:
    """A whole module that was pickled, or a trained network that says how it is built."""
    model = load_pickle(source, allow=allow, trust=trust)
    if isinstance(model, Mapping) and is_trained(model):
        _refuse_more(None, weights, "a trained network", source)
        network = open_trained(model, source)
        return OpenedModel(network, {KEY: str(model[KEY])}, f"{Path(source).name}, a trained {type(network).__name__}")
    if not isinstance(model, nn.Module):
        raise InputError(_NO_NETWORK, where=source, remedy=_ARCH)
    check_module(model, source)
    notes: tuple[str, ...] = ()
    if weights is not None:
        notes = load_weights(model, read_weights(weights, allow, trust), weights)
    return OpenedModel(model, {}, f"{Path(source).name}, a pickled {type(model).__name__}", notes)


def _is_architecture(source: str) -> bool:
    """Whether `source` is meant as `prefix:name`, not as the path of a file that is missing."""
    looks_like_path = any(mark in source for mark in ("/", "\\")) or Path(source).suffix in _SUFFIXES
    return ":" in source and not looks_like_path


def _open_architecture(
    spec: str,
    weights: str | None,
    num_classes: int | None,
    options: dict[str, str],
    allow: Sequence[str],
    trust: bool,
    head: Head | None,
) -> OpenedModel:
    pretrained = options.get("pretrained", "").lower() == "true" or options.get("weights", "none").lower() != "none"
    if weights is not None:
        state = read_weights(weights, allow, trust)  # before a build that can take long
        model, notes = build_with(spec, state, weights, num_classes=num_classes, arch_args=options, head=head)
        return OpenedModel(model, {}, f"{spec} with the weights of {Path(weights).name}", notes)
    if pretrained and head != "keep" and num_classes is not None:
        state = build(spec, arch_args=options).state_dict()  # published for the classes that it has
        bare = {name: value for name, value in options.items() if not FETCHING.search(name)}
        model, notes = build_with(spec, state, spec, num_classes=num_classes, arch_args=bare, head=head)
        return OpenedModel(model, {}, f"{spec} with its published weights", notes)
    model = build(spec, num_classes=num_classes, arch_args=options)
    if pretrained:
        return OpenedModel(model, {}, f"{spec} with its published weights")
    note = f"the weights of {spec} are random; give trained ones with --weights FILE"
    return OpenedModel(model, {}, f"{spec} with random weights", (note,))


def build_with(
    spec: str,
    state: Mapping[str, Tensor],
    where: str,
    *,
    num_classes: int | None = None,
    arch_args: Mapping[str, str] | None = None,
    head: Head | None = "keep",
) -> tuple[nn.Module, tuple[str, ...]]:
    """A network by name with weights of the file `where`: `build`, then `load_weights`.

    Args:
        num_classes: None: as many as the weights have.

    Returns:
        The network, and notes on its weights.

    Raises:
        InputError: as the two functions say.
    """
    model = build(spec, num_classes=num_classes, arch_args=arch_args)
    if num_classes is not None or not takes_classes(spec, arch_args or {}):
        return model, load_weights(model, state, where, head=head)
    try:
        return model, load_weights(model, state, where, head="replace" if head == "replace" else "keep")
    except OtherClasses as error:
        model = build(spec, num_classes=error.classes, arch_args=arch_args)
        notes = load_weights(model, state, where, head=head)
        return model, (f"{spec} was built for {error.classes} classes, as {Path(where).name} has them", *notes)
    except InputError:
        if head is not None:
            raise
        return model, load_weights(model, state, where, head=head)


def read_weights(path: str, allow: Sequence[str] = (), trust: bool = False) -> dict[str, Tensor]:
    """The tensors in a file given as --weights."""
    kind = detect(path)
    if kind is FileKind.SAFETENSORS:
        return load_safetensors(path)
    if kind is FileKind.PICKLE:
        return state_dict_of(load_pickle(path, allow=allow, trust=trust), path)
    expected = "a checkpoint (.pt, .pth) or .safetensors"
    raise InputError("not a file of weights", expected=expected, got=kind.value, where=path)
