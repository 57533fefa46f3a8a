"""Recordings of event cameras as frames: N-MNIST, DVS128 Gesture, and npz files of events.

The readers are our own. The library `tonic` (1.7) was tried first: its N-MNIST reader downloads wherever its own folder
does not hold the original archive and 10,000 files, its DVS128 Gesture is a set cut by others and rounded to
milliseconds rather than the original recordings, it needs librosa and importRosbag among others, and its licence is the
GPL. The formats themselves take a few lines each.
"""

from . import dvs128gesture, nmnist, npz  # each registers its kind
from .frames import EVENT as EVENT
from .frames import Framing as Framing
from .frames import to_frames as to_frames

__all__ = ["EVENT", "Framing", "dvs128gesture", "nmnist", "npz", "to_frames"]
