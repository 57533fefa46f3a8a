"""What files of this package say of their networks besides how they compute."""

from __future__ import annotations

from ..data.normalization import Normalization
from ..plan import Plan
from . import clip_file, trained_file
from .open import OpenedModel
from .snn_file import is_converted


def stored_normalization(found: OpenedModel) -> Normalization | None:
    """What a network that was converted or clipped before was calibrated or trained with."""
    if clip_file.is_clipped(found.extra):
        stored = clip_file.stored_normalization(found.extra, found.description)
    elif trained_file.is_trained(found.extra):
        stored = trained_file.stored_normalization(found.extra, found.description)
    elif is_converted(found.extra):
        stored = Plan.from_texts(found.extra, found.description).normalization
    else:
        return None
    return None if stored is None else Normalization.from_dict(stored)
