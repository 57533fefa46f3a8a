"""SVFormer."""

from .model import VARIANTS as VARIANTS
from .model import SVFormer as SVFormer
from .model import svformer as svformer
