"""Trainable activations: a ReLU's place taken by a clip(x, 0, λ) whose λ is learned with the weights."""

from . import clip, qcfs, rnl, sd  # each registers its activation
from .registry import CLIPS as CLIPS
from .registry import Clip as Clip
from .registry import clips_in as clips_in
from .registry import kinds_in as kinds_in

__all__ = ["CLIPS", "Clip", "clip", "clips_in", "kinds_in", "qcfs", "rnl", "sd"]
