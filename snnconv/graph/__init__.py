"""The network as a graph: what stands where, what an operation is, and what varies in time."""

from .op import Op as Op
from .op import register_op as register_op
