"""Model files in and out: what is opened runs no code unless the user says so, what is written appears whole."""

from __future__ import annotations

from .atomic import atomic_output as atomic_output
from .atomic import binary_output as binary_output
from .atomic import write_bytes as write_bytes
from .atomic import write_text as write_text
from .checkpoint import load_safetensors as load_safetensors
from .checkpoint import state_dict_of as state_dict_of
from .detect import FileKind as FileKind
from .detect import detect as detect
from .factory import build as build
from .leftovers import alone_in as alone_in
from .open_model import OpenedModel as OpenedModel
from .open_model import open_model as open_model
from .pickled import load_pickle as load_pickle
from .places import check_folder as check_folder
from .places import check_output as check_output
from .pt2 import load_program as load_program
from .pt2 import save_program as save_program
from .weights import load_weights as load_weights
