"""Data in: the batch forms that loaders may yield, normalisation, and data sources by name."""

from .batches import batch_inputs as batch_inputs
from .batches import batch_labels as batch_labels
from .batches import limited_batches as limited_batches
from .normalization import Normalization as Normalization

__all__ = ["Normalization", "batch_inputs", "batch_labels", "limited_batches"]
