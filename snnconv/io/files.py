"""`snnconv.save` and `snnconv.load`: the two kinds of network that live in a `.pt2` of ours, and ONNX files."""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import IO

from torch import fx, nn

from ..modes import ordinary_mode
from ..network import SpikingNetwork
from ._detect import FileKind, detect
from .clip_file import is_clipped, open_clipped, save_clipped
from .onnx_file import OnnxNetwork, open_onnx
from .pt2 import load_program
from .snn_file import rebuild, save_network

log = logging.getLogger("snnconv")


@ordinary_mode()
def save(network: nn.Module, path: str | os.PathLike[str] | IO[bytes], *, overwrite: bool = True) -> None:
    """Write a spiking network, or one with learnable clips, to one `.pt2` file, from which `load` rebuilds it.

    Raises:
        InputError: another kind of network, or the path cannot be written, or exists and `overwrite` is False.
    """
    if isinstance(network, SpikingNetwork):
        save_network(network, path, overwrite=overwrite)
    else:
        save_clipped(network, path, overwrite=overwrite)


@ordinary_mode()
def load(
    path: str | os.PathLike[str] | IO[bytes], *, trust: bool = False
) -> SpikingNetwork | fx.GraphModule | OnnxNetwork:
    """Read what `save` wrote, or an ONNX file. Runs no code from the file unless `trust`.

    Returns:
        A SpikingNetwork; the network with learnable clips, which `convert` takes and which trains on; or the network of
        an ONNX file, which `convert` takes.

    Raises:
        InputError: no such file, or a damaged one. UnsafeFileError: a file that could run code.
        UnsupportedModelError: an ONNX file holds operations that are not read.
    """
    is_path = isinstance(path, (str, os.PathLike))
    if is_path and Path(path).is_file() and detect(path) is FileKind.ONNX:
        network, notes = open_onnx(path)
        for note in notes:
            log.info(note)
        return network
    program, texts = load_program(path, trust=trust)
    where = str(path) if is_path else "the given bytes"
    return open_clipped(program, texts, where) if is_clipped(texts) else rebuild(program, texts, where)
