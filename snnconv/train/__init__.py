"""Training: fine-tuning of networks with learnable clips."""

from .finetune import finetune as finetune
from .result import FineTuning as FineTuning
from .settings import Settings as Settings

__all__ = ["FineTuning", "Settings", "finetune"]
