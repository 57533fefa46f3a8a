"""Other projects' names for the weights of networks that are built here: one project, one file, one registration."""

from __future__ import annotations

from . import mmaction2 as mmaction2
from . import pyslowfast as pyslowfast
from . import respike as respike
from . import svformer as svformer
from . import torchvision as torchvision
from .table import KEY_NAMES as KEY_NAMES
from .table import Renaming as Renaming
from .table import closest as closest
from .table import renamed as renamed
