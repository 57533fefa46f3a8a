"""The members of a `.pt2` archive: which may be there, how large they may be, and that they are whole."""

from __future__ import annotations

import re
import zipfile
import zlib
from dataclasses import dataclass
from typing import IO

from torch.export.pt2_archive import PT2ArchiveReader

from ..errors import InputError
from .archives import check_unpacked, check_whole
from .pt2_names import Refused, shorten

MODEL = "models/model.json"
SAMPLE_INPUTS = "data/sample_inputs/model.pt"
WEIGHTS = "data/weights/"
CONSTANTS = "data/constants/"

_ALLOWED = re.compile(
    r"archive_format|archive_version|byteorder|\.data/\w+|\.format_version|\.storage_alignment"
    r"|models/model\.json|data/sample_inputs/model\.pt"
    r"|data/weights/(weight_\d+|model_weights_config\.json)"
    r"|data/constants/(tensor_\d+|model_constants_config\.json)"
    r"|extra/.+"
)
_DANGEROUS = (  # (what the name holds, what that is), for messages
    (re.compile(r"serialized_exported_program|serialized_state_dict|data/(weights|constants)/\w+\.pt$"),
     "the old layout of torch 2.7 and before, which is all pickles"),
    (re.compile(r"data/aotinductor/|\.so$|\.dll$|\.dylib$"), "compiled code"),
    (re.compile(r"custom_obj_|opaque_obj_"), "a pickled custom object"),
    (re.compile(r"models/(?!model\.json$)"), "more than one program"),
)  # fmt: skip

_LARGEST_JSON = 512 * 2**20


@dataclass(frozen=True)
class Members:
    """The members of an archive, by their names inside its top folder.

    Attributes:
        sizes: in bytes, unpacked.
        reader: torch's own, the one that will load the file: two zip readers can disagree about a crafted archive, and
            what is checked must be what is loaded.
    """

    sizes: dict[str, int]
    reader: PT2ArchiveReader


def read_members(file: IO[bytes], where: str) -> Members:
    """Check the archive as a whole and open it.

    Raises:
        InputError: the archive is cut short, damaged or absurdly large when unpacked.
        Refused: it holds members that a plain exported program does not have.
    """
    sizes = _check_zip(file, where)
    file.seek(0)
    try:
        reader = PT2ArchiveReader(file)
        names = reader.get_file_names()
    except (RuntimeError, AssertionError, ValueError) as error:  # torch's reader has no error type of its own
        raise damaged_file(where, str(error).partition("\n")[0]) from error
    if sorted(names) != sorted(sizes):
        raise Refused("members that two zip readers see differently")
    return Members(sizes, reader)


def _check_zip(file: IO[bytes], where: str) -> dict[str, int]:
    """Check the list of members, then their checksums, which torch's reader does not; return sizes by name."""
    try:
        with zipfile.ZipFile(file) as archive:
            check_whole(archive)
            sizes = _check_entries(archive, file.seek(0, 2), where)
            damaged = archive.testzip()
    except (zipfile.BadZipFile, NotImplementedError, EOFError, zlib.error, UnicodeDecodeError) as error:
        raise damaged_file(where, str(error)) from error
    if damaged:
        raise damaged_file(where, f"the checksum of {damaged} does not match")
    return sizes


def _check_entries(archive: zipfile.ZipFile, size: int, where: str) -> dict[str, int]:
    """Check names, duplicates, compression and sizes; return each member's size by its name inside the top folder."""
    entries = archive.infolist()
    for entry in entries:
        name = entry.filename.partition("/")[2]
        if not _ALLOWED.fullmatch(name) or not entry.filename.isprintable():
            raise Refused(_describe_strange(entry.filename, archive.namelist()))
        if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) or entry.flag_bits & 1:
            raise Refused(f"the member {shorten(entry.filename)}, which is encrypted or compressed in an unusual way")
        if name.endswith(".json") and entry.file_size > _LARGEST_JSON:
            raise InputError(f"{name} in the file is too large", got=f"{entry.file_size:,} bytes", where=where)
    sizes = {entry.filename.partition("/")[2]: entry.file_size for entry in entries}
    if len(sizes) != len(entries) or len({entry.filename.partition("/")[0] for entry in entries}) != 1:
        raise Refused("members that share a name")
    check_unpacked(sizes.values(), size, where)
    return sizes


def _describe_strange(name: str, others: list[str]) -> str:
    """What a member that should not be there is; where it says nothing, its neighbours may."""
    for pattern, text in _DANGEROUS:
        found = next((other for other in (name, *others) if pattern.search(other)), None)
        if found:
            return f"the member {shorten(found)} ({text})"
    return f"the unknown member {shorten(name)}"


def damaged_file(where: str, reason: str) -> InputError:
    """The error for an archive that cannot be read to its end."""
    remedy = "download or copy it again, or export it again with torch.export.save"
    return InputError("the exported program is cut short or damaged", got=reason, where=where, remedy=remedy)
