"""Everything inside one file: pictures, data, style and script as part of the page."""

from __future__ import annotations

import base64
import hashlib
import tempfile
from collections.abc import Callable
from pathlib import Path

TYPES = {".svg": "image/svg+xml", ".png": "image/png", ".csv": "text/csv", ".json": "application/json"}


def data_uri(path: Path) -> str:
    """The file itself as an address."""
    return f"data:{TYPES[path.suffix]};base64,{base64.b64encode(path.read_bytes()).decode()}"


def written(name: str, write: Callable[[Path], None]) -> str:
    """What `write` writes into a file of this name, as an address."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        write(path)
        return data_uri(path)


def content_hash(text: str) -> str:
    """By which the page's security policy lets this one script or style through, and no other."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
