"""The file of a network with learnable clips: the program that it is with its λ of now, and the clips beside it.

The program alone is the clipped network, for whoever opens it elsewhere. The texts beside it say which activation each
site trains with; from both, `open` makes the network that trains on. A file holds no code.
"""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import IO, Any

from safetensors import SafetensorError
from safetensors.torch import load as read_tensors
from safetensors.torch import save as write_tensors
from torch import Tensor, fx, nn
from torch.export import ExportedProgram

from ..documents import Moments, Shape, Text, parse_json, require_format, typed
from ..errors import InputError
from ..learnable import CLIPS, Clip, kinds_in
from ..placement import placement_of
from ..sizes import Sizes
from .pt2 import save_program

FORMAT = 1
WHAT = "the document of the clips beside the program"
CLIPS_FILE = "snnconv_clips.json"
TENSORS_FILE = "snnconv_clip_tensors.safetensors.base64"  # members of a .pt2 besides the program must be text


@dataclass(frozen=True)
class SiteRecord:
    """A site in the document."""

    name: Text
    activation: Text
    options: dict[str, Any]


@dataclass(frozen=True)
class Record:
    """The document beside the program.

    Attributes:
        cumulative: BatchNorm layers with `momentum=None`.
        training: how the network was trained.
    """

    sites: list[SiteRecord]
    input_shapes: list[Shape]
    normalization: Moments | None
    cumulative: list[Text]
    training: dict[str, Any] | None
    sizes: Sizes | None = None


def is_clipped(texts: Mapping[str, str]) -> bool:
    """Whether a program's extra files say that it is a network with learnable clips."""
    return CLIPS_FILE in texts


def save_clipped(network: nn.Module, target: str | os.PathLike[str] | IO[bytes], *, overwrite: bool = True) -> None:
    """Write a network that `snnconv.clip` made to a path (whole or not at all) or an open binary file.

    Raises:
        InputError: it has no clips, or the path cannot be written, or exists and `overwrite` is False.
    """
    from ..capture.capture import MIN_BATCH
    from ..capture.examples import captured_shapes
    from ..capture.free_sizes import capture_free
    from ..capture.outputs import plain_convention
    from ..convert.clip import clips_of
    from ..graph.graphs import as_call, clone
    from ..graph.whole_inputs import blank_inputs

    sites = clips_of(network)
    assert isinstance(network, fx.GraphModule)
    copy = clone(network).cpu()  # a file loads anywhere
    shapes = captured_shapes(copy)
    reference = placement_of(copy)
    example = blank_inputs(copy.graph, shapes, MIN_BATCH, reference)
    with plain_convention(copy):
        program, sizes = capture_free(copy, as_call(copy, example), network.meta.get("sizes"))
    texts = to_texts(network, sites, shapes, sizes)
    save_program(program, target, texts, overwrite=overwrite)


def to_texts(
    network: fx.GraphModule, sites: Mapping[str, Clip], shapes: list[tuple[int, ...]], sizes: Sizes
) -> dict[str, str]:
    tensors: dict[str, Tensor] = {}
    listed: list[dict[str, Any]] = []
    for name, module in sites.items():
        (kind,) = kinds_in(module)
        listed.append({"name": name, "activation": kind, "options": module.settings()})
        state = module.state_dict()
        tensors.update({f"{name}:{key}": value.detach().cpu().contiguous() for key, value in state.items()})
    document = {
        "format": FORMAT,
        "sites": listed,
        "input_shapes": shapes,
        "sizes": sizes.to_dict(),
        "normalization": network.meta.get("normalization"),
        "cumulative": cumulative_norms(network),
        "training": network.meta.get("training"),
    }
    encoded = base64.b64encode(write_tensors(tensors)).decode()
    return {CLIPS_FILE: json.dumps(document, indent=1), TENSORS_FILE: encoded}


def cumulative_norms(network: nn.Module) -> list[str]:
    """BatchNorm layers with `momentum=None`, which a program does not tell."""
    kind = nn.modules.batchnorm._BatchNorm
    return [name for name, module in network.named_modules() if isinstance(module, kind) and module.momentum is None]


def open_clipped(program: ExportedProgram, texts: Mapping[str, str], where: str) -> fx.GraphModule:
    """The trainable network of a program and the texts beside it, in train mode.

    Raises:
        InputError: a file of a later format, damaged texts, or clips that do not fit the program.
    """
    from ..capture.guards import sizes_in
    from ..capture.plain_names import plain_path
    from ..capture.raise_modules import raise_modules
    from ..convert.clip import keep_unused, put_clip, tensors_of
    from ..graph.sites import clip_sites, name_sites
    from ..graph.time_varying import note_sizes

    document = read_document(texts, where)
    raised = raise_modules(program)
    everything = tensors_of(raised)
    network = name_sites(raised)
    nodes = clip_sites(network)
    others = {name: value for name, value in everything.items() if name.rpartition(".")[0] not in nodes}
    try:
        tensors = read_tensors(base64.b64decode(texts[TENSORS_FILE], validate=True))
        names = [site.name for site in document.sites]
        if [plain_path(name) for name in names] != list(nodes):
            raise InputError(
                "the clips do not fit the program they came with",
                expected=f"{len(names)} sites: {', '.join(names[:5])} …",
                got=f"{len(nodes)} sites: {', '.join(list(nodes)[:5])} …",
                where=where,
            )
        for site in document.sites:
            prefix = f"{site.name}:"
            state = {key.removeprefix(prefix): value for key, value in tensors.items() if key.startswith(prefix)}
            module = CLIPS[site.activation].blank(state, **site.options)
            put_clip(network, nodes[plain_path(site.name)], module)
        for name in document.cumulative:
            network.get_submodule(plain_path(name)).momentum = None  # type: ignore[assignment]
        network.meta["input_shapes"] = document.input_shapes
        told = document.sizes or Sizes.fixed_at(network.meta["input_shapes"])
        network.meta["sizes"] = told.within(sizes_in(program)[0])
        note_sizes(program.graph, network.meta["input_shapes"])
        network.meta["normalization"] = document.normalization
        network.meta["training"] = document.training
    except InputError:
        raise
    except (KeyError, TypeError, ValueError, AttributeError, RuntimeError, SafetensorError) as error:
        raise InputError(f"the clips beside the program are damaged: {error!r}"[:300], where=where) from error
    keep_unused(network, others)
    network.recompile()
    return network.train()


def read_document(texts: Mapping[str, str], where: str) -> Record:
    document = parse_json(texts[CLIPS_FILE], where, WHAT)
    require_format(document, (FORMAT,), where, WHAT)
    return typed(document, Record, where, WHAT)


def stored_normalization(texts: Mapping[str, str], where: str) -> Moments | None:
    """The normalisation that the network was trained with."""
    return read_document(texts, where).normalization
