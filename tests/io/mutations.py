"""Small real model files, and ways to damage them: what a broken disk, a bad download or an attacker would do."""

from __future__ import annotations

import collections
import io
import pickle
import random
import struct
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch import nn

from .hostile import Payload, pickle_of, save_net

Damage = Callable[[bytes, random.Random], bytes]
GIGABYTE = 2**30


def originals(folder: Path) -> dict[str, Path]:
    """One file of each kind, by what it is called in the labels of its mutants."""
    torch.manual_seed(0)
    net = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(), nn.Linear(144, 3)).eval()
    found = {name: folder / f"original.{name}" for name in ("pt2", "safetensors", "onnx", "pt", "old.pth", "pth")}
    save_net(found["pt2"], {"note": "text"})
    save_file(net.state_dict(), found["safetensors"])
    torch.save(net, found["pt"])
    torch.save({"state_dict": net.state_dict(), "epoch": 3}, found["pth"])
    torch.save(net.state_dict(), found["old.pth"], _use_new_zipfile_serialization=False)
    try:
        from .onnx_files import save_convnet
    except BaseException:  # pytest's own Skipped: the extra onnx is not installed
        del found["onnx"]
    else:
        save_convnet(found["onnx"])
    return found


def flip_bits(data: bytes, chance: random.Random) -> bytes:
    changed = bytearray(data)
    for _ in range(chance.choice((1, 1, 2, 8))):
        changed[chance.randrange(len(changed))] ^= 1 << chance.randrange(8)
    return bytes(changed)


def flip_early(data: bytes, chance: random.Random) -> bytes:
    """In the first part, where lengths and types are."""
    return flip_bits(data[:200], chance) + data[200:]


def flip_late(data: bytes, chance: random.Random) -> bytes:
    """In the last part, where a zip has its table of contents."""
    return data[:-400] + flip_bits(data[-400:], chance)


def truncate(data: bytes, chance: random.Random) -> bytes:
    return data[: chance.choice((1, 2, 9, 64, chance.randrange(len(data)), chance.randrange(len(data))))]


def overwrite(data: bytes, chance: random.Random) -> bytes:
    """A stretch of zeros, ones or noise, as from a lost block."""
    start, length = chance.randrange(len(data)), chance.choice((4, 16, 512))
    filler = chance.choice((b"\0" * length, b"\xff" * length, chance.randbytes(length)))
    return data[:start] + filler + data[start + length :]


def repeat(data: bytes, chance: random.Random) -> bytes:
    """A stretch comes twice, as from a download that was resumed at the wrong place."""
    start, length = chance.randrange(len(data)), chance.choice((1, 64, 4096))
    return data[: start + length] + data[start:]


def claim_sizes(data: bytes, chance: random.Random) -> bytes:
    """The table of contents of a zip says that a member, or all, unpack to gigabytes."""
    changed, place = bytearray(data), data.find(b"PK\x01\x02")
    while place >= 0:
        if chance.random() < 0.5:
            claimed = chance.choice((GIGABYTE, 3 * GIGABYTE, 2**32 - 2))
            struct.pack_into("<I", changed, place + 24, claimed)
            if chance.random() < 0.5:
                struct.pack_into("<I", changed, place + 20, claimed)
        place = data.find(b"PK\x01\x02", place + 4)
    return bytes(changed)


def damage_member(data: bytes, chance: random.Random) -> bytes:
    """One member is damaged before it is zipped: its checksum is right."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    name = chance.choice([name for name, content in members.items() if len(content) > 1])
    members[name] = chance.choice((flip_bits, truncate, overwrite, digits))(members[name], chance)
    return zipped(members)


def digits(data: bytes, chance: random.Random) -> bytes:
    """Numbers written as text become others, as sizes and counts in JSON."""
    places = [place for place, byte in enumerate(data) if 48 <= byte <= 57]
    if not places:
        return flip_bits(data, chance)
    place = chance.choice(places)
    return data[:place] + chance.choice((b"99999999999", b"-1", b"0", b"1e9", b"null")) + data[place + 1 :]


def inflate(data: bytes, chance: random.Random) -> bytes:
    """One member becomes two hundred megabytes of zeros that deflate to nothing."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    name = chance.choice(list(members))
    members[name] += bytes(200 * 2**20)
    return zipped(members, zipfile.ZIP_DEFLATED)


def zipped(members: dict[str, bytes], compression: int = zipfile.ZIP_STORED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression, compresslevel=1) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


ANY: tuple[Damage, ...] = (flip_bits, flip_bits, flip_early, flip_late, truncate, overwrite, repeat)
ZIP: tuple[Damage, ...] = (*ANY, claim_sizes, damage_member, damage_member)
DAMAGES: dict[str, tuple[Damage, ...]] = {
    "pt2": ZIP, "pt": ZIP, "pth": ZIP, "safetensors": (*ANY, digits), "onnx": ANY, "old.pth": ANY,
}  # fmt: skip


def mutants(folder: Path, count: int, seed: int = 0) -> Iterator[Path]:
    """`count` damaged files, in turn of every kind and in every way; the name says how each was made."""
    chance = random.Random(seed)
    sources = {name: path.read_bytes() for name, path in originals(folder).items()}
    for number in range(count):
        name = list(sources)[number % len(sources)]
        damages = DAMAGES[name]
        damage = damages[number // len(sources) % len(damages)]
        path = folder / f"{number:03d}-{damage.__name__}.{name}"
        path.write_bytes(damage(sources[name], chance))
        yield path


def bombs(folder: Path) -> Iterator[Path]:
    chance = random.Random(0)
    for name in ("pt2", "pt", "pth"):
        path = folder / f"bomb.{name}"
        path.write_bytes(inflate((folder / f"original.{name}").read_bytes(), chance))
        yield path


class Call:
    """Pickles to a call of any function with any arguments."""

    def __init__(self, function: Callable[..., Any], *arguments: Any) -> None:
        self.function, self.arguments = function, arguments

    def __reduce__(self) -> tuple[Any, ...]:
        return self.function, self.arguments


class Sneaky(nn.ReLU):
    """A module that runs its payload when its state is set."""

    def __init__(self, payload: object) -> None:
        super().__init__()
        self.payload = payload


def hostile_pickles(folder: Path, sentinel: Path) -> Iterator[Path]:
    """Files that create `sentinel` when they are unpickled without care."""
    code = f"__import__('pathlib').Path({str(sentinel)!r}).touch()"
    values: dict[str, object] = {
        "bare": Payload(sentinel),
        "eval": Call(eval, code),
        "exec": Call(exec, code),
        "in a state_dict": {"weight": torch.ones(2), "bias": Payload(sentinel)},
        "as a key": {Call(eval, f"{code} or 'weight'"): torch.ones(1)},
        "nested": collections.OrderedDict(state_dict=[({"a": (Payload(sentinel),)},)]),
        "in a module": nn.Sequential(nn.Linear(2, 2), Sneaky(Payload(sentinel))),
        "in a stock module": set_attribute(nn.Conv2d(1, 1, 1), Payload(sentinel)),
    }
    for name, value in values.items():
        for old in (False, True):
            path = folder / f"{name}{' (old)' if old else ''}.pt"
            torch.save(value, path, _use_new_zipfile_serialization=not old)
            yield path
    (folder / "raw.pkl").write_bytes(pickle.dumps(Payload(sentinel)))
    yield folder / "raw.pkl"
    with zipfile.ZipFile(io.BytesIO(pickle_of({"weight": torch.ones(2)}))) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    for member in ("constants.pkl", "code/x.py", "data/0", "version"):
        extra = {**members, f"archive/{member}": pickle.dumps(Payload(sentinel))}
        (folder / f"with {member.replace('/', ' ')}.pt").write_bytes(zipped(extra))
        yield folder / f"with {member.replace('/', ' ')}.pt"


def set_attribute(module: nn.Module, value: object) -> nn.Module:
    module.__dict__["payload"] = value
    return module
