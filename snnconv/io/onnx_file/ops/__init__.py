"""What each ONNX operation is in PyTorch: one file a family, each a few entries of one table."""

from __future__ import annotations

from . import activation as activation
from . import arithmetic as arithmetic
from . import convolution as convolution
from . import dense as dense
from . import filling as filling
from . import norm as norm
from . import pad as pad
from . import pooling as pooling
from . import reduce as reduce
from . import resize as resize
from . import shape as shape
from .table import OPERATIONS as OPERATIONS
