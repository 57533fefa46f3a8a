"""Files appear whole or not at all, where they may, and one run holds a folder at a time."""

from __future__ import annotations

from .atomic import atomic_output as atomic_output
from .atomic import binary_output as binary_output
from .atomic import write_bytes as write_bytes
from .atomic import write_text as write_text
from .leftovers import alone_in as alone_in
from .places import check_folder as check_folder
from .places import check_output as check_output
