"""Networks that answer at any time: accuracy against the frames of a clip seen so far, and what their layers do."""

from .measure import anytime as anytime
from .result import Anytime as Anytime
from .result import LayerRate as LayerRate
from .result import Moment as Moment
