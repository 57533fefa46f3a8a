"""ReSpike."""

from .model import ReSpike as ReSpike
from .model import respike as respike
from .spiking import SpikingResNet as SpikingResNet
from .spiking import ms_resnet18 as ms_resnet18
