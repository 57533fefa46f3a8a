"""How single ATen operations become modules again: one operation family a file, filed in `RAISERS`."""

from . import activation, convolution, dropout, linear, norm, pooling
from .call import RAISERS as RAISERS
from .call import Call as Call
from .call import bind as bind

__all__ = ["RAISERS", "Call", "activation", "bind", "convolution", "dropout", "linear", "norm", "pooling"]
