"""What kind of model file is this? Told from its content: extensions lie (.pt alone has four meanings)."""

from __future__ import annotations

import enum
import os
import zipfile
from pathlib import Path

from ..errors import InputError
from .archives import check_whole

_LEGACY_TORCH = b"\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19."  # the magic number that torch.save wrote before it wrote zips
_ONNX_SECOND_FIELDS = b"\x12\x1a\x22\x28\x32\x3a\x42\x72"  # tags of the other ModelProto fields

_FOREIGN = (  # (first bytes, what it looks like)
    (b"version https://git-lfs", "a Git LFS pointer, not the file itself (run `git lfs pull`)"),
    (b"<", "a web page or XML (was the download redirected to a page?)"),
    (b"{", "JSON text"),
    (b"\x1f\x8b", "a gzip archive (unpack it first)"),
    (b"\x89HDF", "an HDF5 file"),
    (b"\x93NUMPY", "a NumPy array"),
    (b"\x7fELF", "a program or shared library"),
)


class FileKind(enum.Enum):
    """The kinds of model file that are recognised."""

    PROGRAM = "exported program (.pt2)"
    PICKLE = "PyTorch pickle (a module or a checkpoint)"
    SAFETENSORS = "safetensors weights"
    TORCHSCRIPT = "TorchScript archive"
    ONNX = "ONNX model"


def detect(path: str | os.PathLike[str]) -> FileKind:
    """Return the kind of the file at `path`, without running or unpickling anything.

    Raises:
        InputError: the file is missing, unreadable, empty, cut short, or of no kind known here.
    """
    file = Path(path)
    try:
        if not file.exists():
            raise InputError("no such file", where=str(file))
        if file.is_dir():
            raise InputError("this is a folder", expected="a model file", where=str(file))
        size = file.stat().st_size
        with file.open("rb") as stream:
            head = stream.read(64)
        if head.startswith(b"PK"):
            return _detect_zip(file)
    except OSError as error:
        raise InputError("cannot read the file", got=error.strerror, where=str(file)) from error
    if not head:
        raise _unusable(file, "an empty file")
    if head[2:].startswith(_LEGACY_TORCH) and head[:1] == b"\x80":
        return FileKind.PICKLE
    if head[7:9] == b"\0{":  # a length in eight bytes, of less than 2⁵⁶, then JSON
        return _detect_safetensors(file, int.from_bytes(head[:8], "little"), size)
    if head[:1] == b"\x08" and len(head) > 2 and 1 <= head[1] <= 32 and head[2] in _ONNX_SECOND_FIELDS:
        return FileKind.ONNX
    raise _unusable(file, _describe(head))


def _detect_zip(file: Path) -> FileKind:
    """Tell torch's zip formats apart by the members that only one of them has."""
    try:
        with zipfile.ZipFile(file) as archive:
            check_whole(archive)
            names = archive.namelist()
    except (zipfile.BadZipFile, NotImplementedError, ValueError) as error:
        raise _unusable(file, "a zip archive that is cut short or damaged", "download or copy it again") from error
    inner = {name.partition("/")[2] for name in names}
    if "archive_format" in inner or "serialized_exported_program.json" in names:
        return FileKind.PROGRAM
    if any(name.startswith("models/") and name.endswith(".json") for name in inner):
        return FileKind.PROGRAM
    if "data.pkl" in inner:
        is_script = "constants.pkl" in inner or any(name.startswith("code/") for name in inner)
        return FileKind.TORCHSCRIPT if is_script else FileKind.PICKLE
    raise _unusable(file, f"a zip archive with {', '.join(names[:3]) or 'nothing'} in it")


def _detect_safetensors(file: Path, header: int, size: int) -> FileKind:
    if header + 8 > size:
        raise _unusable(file, "safetensors weights that are cut short, or damaged", "download or copy it again")
    return FileKind.SAFETENSORS


def _describe(head: bytes) -> str:
    """Say what the first bytes look like."""
    for start, looks_like in _FOREIGN:
        if head.lstrip().startswith(start):
            return looks_like
    if head[:1] == b"\x80" and head[1:2] and head[1] <= 5:
        return "a plain Python pickle (torch.save was not used)"
    if b"\0" not in head and head.isascii():
        return "text"
    return f"a binary file of unknown kind (first bytes {head[:8].hex(' ')})"


def _unusable(file: Path, looks_like: str, remedy: str | None = None) -> InputError:
    kinds = "a .pt2 program, a torch.save file (.pt, .pth), .onnx or .safetensors"
    return InputError("not a usable model file", expected=kinds, got=looks_like, where=str(file), remedy=remedy)
