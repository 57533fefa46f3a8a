"""Random networks: a program of tensor operations from a seed, as an nn.Module with a forward of its own."""

from .make import random_net as random_net
from .program import RandomNet as RandomNet

__all__ = ["RandomNet", "random_net"]
