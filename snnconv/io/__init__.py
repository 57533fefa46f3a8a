"""Model files in and out: what is opened runs no code unless the user says so, what is written appears whole."""

from __future__ import annotations

from ._detect import FileKind as FileKind
from ._detect import detect as detect
from .checkpoint import load_safetensors as load_safetensors
from .checkpoint import state_dict_of as state_dict_of
from .factory import build as build
from .open import OpenedModel as OpenedModel
from .open import open_model as open_model
from .pickled import load_pickle as load_pickle
from .pt2 import load_program as load_program
from .pt2 import save_program as save_program
from .weights import load_weights as load_weights
