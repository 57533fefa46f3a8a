"""Networks that run elsewhere: one format a file, and the proof that what was written does what the network does."""

from functools import partial

from . import c, nir, onnx_graphs, pt2_step, spikingjelly  # noqa: F401  (registered)
from .api import export as export
from .format import FORMATS as FORMATS
from .format import Format as Format
from .format import Options as Options
from .format import Refusal as Refusal
from .result import Export as Export

to_onnx_step = partial(export, to="onnx-step")
to_onnx = partial(export, to="onnx")
to_pt2_step = partial(export, to="pt2-step")
to_c = partial(export, to="c")
to_nir = partial(export, to="nir")
to_spikingjelly = partial(export, to="spikingjelly")
