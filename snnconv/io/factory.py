"""Builds a network from `torchvision:resnet18` and its like: the MODEL and --arch grammar of the command line."""

from __future__ import annotations

import ast
import difflib
import inspect
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from torch import nn

from ..errors import InputError, SnnconvError
from ..models.video_backbones import VIDEO_BACKBONES
from .importing import import_attribute, import_quietly
from .usual_shapes import shapes_of

PREFIXES = ("torchvision", "pytorchvideo", "timm", "snnconv")
BEGINNING = {"snnconv:respike": "torchvision:{backbone}"}  # of what `weights` may be a file
GRAMMAR = "torchvision:NAME, pytorchvideo:NAME, timm:NAME, snnconv:NAME or package.module:factory"


def build(spec: str, *, num_classes: int | None = None, arch_args: Mapping[str, str] | None = None) -> nn.Module:
    """Build the network that `spec` names, with random weights unless `arch_args` asks for others.

    Args:
        spec: `prefix:NAME` with one of the four prefixes, or `package.module:factory` (the current folder counts).
        num_classes: passed on by name.
        arch_args: further arguments by name, their values as typed: `{"depth": "18"}`.

    Raises:
        InputError: the grammar, the name or the arguments are wrong, a package is absent, or the factory fails.
    """
    arguments = {key: _literal(value) for key, value in (arch_args or {}).items()}
    factory = find_factory(spec, arguments)
    if isinstance(factory, nn.Module) and not arguments and num_classes is None:
        return factory  # a ready network in a user's file
    if num_classes is not None:
        name = _num_classes_name(factory, spec)
        if name in arguments:
            raise InputError(
                "the number of classes is given twice", got=f"{name}={arguments[name]} and {num_classes}",
                where="--arch-arg and --num-classes", remedy="leave one of them out",
            )  # fmt: skip
        arguments[name] = num_classes
    _begin(spec, factory, arguments)
    model = _call(factory, arguments, spec)
    shapes = shapes_of(spec, model, arguments)
    if shapes is not None:
        model.input_shapes = shapes  # type: ignore[assignment]  # read where there are no data to tell the shape
    return model


def find_factory(spec: str, arguments: dict[str, Any] | None = None) -> Callable[..., Any]:
    """What builds the network that `spec` names; nothing is built.

    Args:
        arguments: for the factory; defaults that keep it from downloading are added to them.

    Raises:
        InputError: the grammar or the name is wrong, or a package is absent.
    """
    prefix, colon, name = spec.partition(":")
    if not colon or not prefix or not name:
        raise InputError("cannot tell which network this is", expected=GRAMMAR, got=repr(spec), remedy=nearest(spec))
    if prefix in _BUILDERS:
        return _BUILDERS[prefix](name, {} if arguments is None else arguments)
    return _imported(prefix, name, spec)


def parse_arch_args(items: Iterable[str]) -> dict[str, str]:
    """Split `k=v` items into a mapping.

    Raises:
        InputError: an item has no `=`, or its key is not an identifier.
    """
    pairs: dict[str, str] = {}
    for item in items:
        key, equals, value = item.partition("=")
        if not equals or not key.strip().isidentifier():
            raise InputError("not an argument of an architecture", expected="name=value", got=repr(item))
        pairs[key.strip()] = value.strip()
    return pairs


def _literal(text: str) -> Any:
    """`3`, `[1, 2]`, `true`, `None` as Python means them; anything else is text."""
    try:
        return ast.literal_eval({"true": "True", "false": "False", "none": "None"}.get(text.lower(), text))
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return text


def _torchvision(name: str, arguments: dict[str, Any]) -> Callable[..., Any]:
    from torchvision import models  # slow to import

    if name not in models.list_models():
        raise _unknown("torchvision", name, models.list_models())
    builder = models.get_model_builder(name)
    accepted = inspect.signature(builder).parameters
    # Detectors download a backbone unless told not to, and GoogLeNet and Inception warn that a default may change.
    defaults = {"weights": None, "weights_backbone": None, "init_weights": True}
    for key, value in defaults.items():
        takes = key in accepted if key != "init_weights" else name in ("googlenet", "inception_v3")
        if takes and not (key == "init_weights" and arguments.get("weights")):
            arguments.setdefault(key, value)
    return builder


# Its hub has one setting of each network; the functions that take all settings are elsewhere.
_VIDEO_FAMILIES = {
    **{name: f"pytorchvideo.models.{name}" for name in ("resnet", "slowfast", "csn", "r2plus1d", "x3d")},
    "multiscale_vision_transformers": "pytorchvideo.models.vision_transformers",
}


def _pytorchvideo(name: str, arguments: dict[str, Any]) -> Callable[..., Any]:
    hub = pytorchvideo_hub()
    if (backbone := VIDEO_BACKBONES.get(name)) is not None:
        return partial(getattr(import_quietly(backbone.module), backbone.builder), **backbone.settings)
    family = _VIDEO_FAMILIES.get(name.removeprefix("create_")) if name.startswith("create_") else None
    return _public(hub if family is None else import_quietly(family), "pytorchvideo", name, VIDEO_BACKBONES)


def pytorchvideo_hub() -> Any:
    """The module of pytorchvideo's own networks.

    Raises:
        InputError: it is not installed.
    """
    return _require("pytorchvideo.models.hub", "pytorchvideo", 'pip install "snnconv[video]"')


def _timm(name: str, arguments: dict[str, Any]) -> Callable[..., Any]:
    timm = _require("timm", "timm", "pip install timm")
    if name not in timm.list_models():
        raise _unknown("timm", name, timm.list_models())
    return lambda **options: timm.create_model(name, **options)


def _snnconv(name: str, arguments: dict[str, Any]) -> Callable[..., Any]:
    models = _require("snnconv.models", "snnconv.models", "install a snnconv that has its models folder")
    return _public(models, "snnconv", name)


def _begin(spec: str, factory: Callable[..., Any], arguments: dict[str, Any]) -> None:
    """Open the file that a network of `BEGINNING` begins with."""
    if spec in BEGINNING and Path(str(arguments.get("weights"))).is_file():
        from .open import open_model  # which builds networks, too

        usual = {key: value.default for key, value in inspect.signature(factory).parameters.items()}
        network = BEGINNING[spec].format(**{**usual, **arguments})
        arguments["weights"] = open_model(network, weights=str(arguments["weights"])).model


_BUILDERS: dict[str, Callable[[str, dict[str, Any]], Callable[..., Any]]] = {
    "torchvision": _torchvision,
    "pytorchvideo": _pytorchvideo,
    "timm": _timm,
    "snnconv": _snnconv,
}


def _imported(module: str, name: str, spec: str) -> Callable[..., Any]:
    try:
        factory = import_attribute(module, name, spec)
    except InputError as error:
        if "." in module or (near := nearest(spec)) is None:
            raise
        raise InputError("cannot tell which network this is", expected=GRAMMAR, got=spec, remedy=near) from error
    if not callable(factory):
        raise InputError(f"{spec} cannot be called", expected="a function or class that returns a torch.nn.Module")
    return factory


def _require(module: str, package: str, remedy: str) -> Any:
    try:
        return import_quietly(module)
    except ImportError as error:
        raise InputError(f"{package} is not installed", got=str(error), remedy=remedy) from error


def _public(module: Any, prefix: str, name: str, others: Iterable[str] = ()) -> Callable[..., Any]:
    """A function of `module`, unless it is private or only imported there by another package.

    Args:
        others: names of the prefix that are found elsewhere, and may have been meant.
    """
    known = public_functions(module)
    if name not in known:
        raise _unknown(prefix, name, [*known, *others])
    return getattr(module, name)


def public_functions(module: Any) -> list[str]:
    """Names of the functions that a module of a package offers as its package's own."""
    package = module.__name__.partition(".")[0]
    return [
        key
        for key, value in vars(module).items()
        if inspect.isfunction(value) and not key.startswith("_") and value.__module__.startswith(package)
    ]


def _unknown(prefix: str, name: str, known: Iterable[str]) -> InputError:
    near = difflib.get_close_matches(name, list(known), n=1, cutoff=0.5)
    return InputError(
        f"{prefix} has no model {name!r}",
        remedy=f"did you mean {prefix}:{near[0]}?" if near else f"list them: see the documentation of {prefix}",
    )


def nearest(spec: str) -> str | None:
    """What a wrong spec may have meant: a misspelt prefix, or a stock name without one."""
    prefix, colon, name = spec.partition(":")
    if colon:
        near = difflib.get_close_matches(prefix, PREFIXES, n=1)
        return f"did you mean {near[0]}:{name}?" if near else None
    from torchvision import models

    own = public_functions(import_quietly("snnconv.models"))
    known = {**dict.fromkeys(models.list_models(), "torchvision"), **dict.fromkeys(own, "snnconv")}
    near = difflib.get_close_matches(prefix.lower(), known, n=1, cutoff=0.8)
    return f"did you mean {known[near[0]]}:{near[0]}?" if near else None


def _num_classes_name(factory: Callable[..., Any], spec: str) -> str:
    """The parameter that takes the number of classes; pytorchvideo has its own word for it."""
    try:
        parameters = inspect.signature(factory).parameters.values()
    except (TypeError, ValueError):
        return "num_classes"
    names = {parameter.name for parameter in parameters}
    open_ended = any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters)
    if "model_num_class" in names or (spec.startswith("pytorchvideo:") and open_ended):
        return "model_num_class"
    if not open_ended and "num_classes" not in names:
        raise InputError(
            f"{spec} takes no num_classes",
            got=f"a factory with {', '.join(sorted(names)) or 'no arguments'}",
            where="--num-classes",
            remedy="leave --num-classes out, or pass the factory's own name for it with --arch-arg",
        )
    return "num_classes"


def takes_classes(spec: str, arch_args: Mapping[str, str]) -> bool:
    """Whether the number of classes of the network that `spec` names is still to be chosen, by name."""
    try:
        name = _num_classes_name(find_factory(spec), spec)
    except InputError:
        return False
    return name not in arch_args


def _call(factory: Callable[..., Any], arguments: Mapping[str, Any], spec: str) -> nn.Module:
    try:
        model = factory(**arguments)
    except SnnconvError:
        raise  # says already what is wrong
    except Exception as error:
        shown = ", ".join(f"{key}={value!r}" for key, value in arguments.items())
        raise InputError(
            f"building {spec} failed", got=f"{type(error).__name__}: {error}", where=f"called with ({shown})"
        ) from error
    if not isinstance(model, nn.Module):
        raise InputError(f"{spec} does not build a network", expected="a torch.nn.Module", got=type(model).__name__)
    return model
