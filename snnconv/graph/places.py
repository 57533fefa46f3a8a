"""Where a call of a captured network stands: in the source model, and in the user's source text."""

from __future__ import annotations

import re
from pathlib import Path

from torch import fx

from .names import name_of
from .stack import path_around

ROOT = Path(__file__).parents[1]
HERE = tuple(str(ROOT / room) for room in ("graph", "capture", "convert"))
READERS = str(ROOT / "io")  # they run what an ONNX file says: their lines say nothing of it


def site_of(node: fx.Node) -> str:
    """Where a call stands in the source model: its module's path."""
    if node.op == "call_module":
        return str(node.target)
    inside = path_around(node)
    return f"{inside}.{name_of(node)}" if inside else name_of(node)


def source_line(node: fx.Node) -> str:
    """`file.py:12: y = torch.sigmoid(x)`, the innermost line outside torch; "" where a file without source says so."""
    trace = node.meta.get("stack_trace") or ""
    frames = re.findall(r'File "([^"]+)", line (\d+), in [^\n]*\n\s*([^\n]*)', trace)
    own = [frame for frame in frames if "/torch/" not in frame[0].replace("\\", "/") and not frame[0].startswith(HERE)]
    if not own or own[-1][0].startswith(READERS):
        return ""
    path, line, code = own[-1]
    return f"{path}:{line}: {code}"
