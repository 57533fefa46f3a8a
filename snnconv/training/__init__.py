"""Training: fine-tuning of networks with learnable clips, and any network from the start."""

from ._finetune import finetune as finetune
from ._train import train as train
from .recipes import RECIPES as RECIPES
from .result import FineTuning as FineTuning
from .result import Training as Training
from .settings import Settings as Settings

__all__ = ["RECIPES", "FineTuning", "Settings", "Training", "finetune", "train"]
