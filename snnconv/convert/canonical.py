"""The canonical ANN: what every later pass, the calibration and the saved file start from."""

from __future__ import annotations

from typing import Literal, get_args

from torch import fx

from ..graph.sites import name_sites
from .passes.batchnorm import fold_batchnorm
from .passes.constant_weights import hold_weights
from .passes.dropout import drop_dropout
from .passes.maxpool import average_maxpools

MaxPool = Literal["exact", "avg", "lipool"]
MAXPOOLS = get_args(MaxPool)


def canonicalise(raised: fx.GraphModule, maxpool: MaxPool = "exact") -> fx.GraphModule:
    """One module per layer, activation and pooling site, BatchNorm folded, dropout gone. Rewrites `raised` itself."""
    graph_module = drop_dropout(raised)
    graph_module = hold_weights(graph_module)
    graph_module = fold_batchnorm(graph_module)
    graph_module = name_sites(graph_module)
    return average_maxpools(graph_module) if maxpool == "avg" else graph_module
