"""Data in: the batch forms that loaders may yield, normalisation, and data sources by name."""

from . import events, fashion, imagefolder, npz, torchvision_sets
from . import video as clips  # each registers its kind
from .batches import batch_inputs as batch_inputs
from .batches import batch_labels as batch_labels
from .batches import limited_batches as limited_batches
from .fashion import FASHION_NORMALIZATION as FASHION_NORMALIZATION
from .normalization import IMAGENET as IMAGENET
from .normalization import Normalization as Normalization
from .open import open_data as open_data
from .samples import DATA_SOURCES as DATA_SOURCES
from .source import DataSource as DataSource

__all__ = [
    "DATA_SOURCES",
    "FASHION_NORMALIZATION",
    "IMAGENET",
    "DataSource",
    "Normalization",
    "batch_inputs",
    "batch_labels",
    "clips",
    "events",
    "fashion",
    "imagefolder",
    "limited_batches",
    "npz",
    "open_data",
    "torchvision_sets",
]
