"""Attention heat-maps: where the ANN and the SNN at several T look for the class they name."""

from .clip_result import ClipAttention as ClipAttention
from .clip_result import ClipMaps as ClipMaps
from .clip_result import CrossAttentionMap as CrossAttentionMap
from .clip_result import FrameMap as FrameMap
from .clips import clip_attention as clip_attention
from .measure import attention as attention
from .result import Attention as Attention
from .result import ImageMaps as ImageMaps
from .result import StepMap as StepMap
from .result import StepMean as StepMean
