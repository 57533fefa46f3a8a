"""Video files as data sources: decoding, sampling, views, pathways, and the data sets by name."""

from . import folder, hmdb51, kinetics400, ntu60, ucf101  # each registers its kind

__all__ = ["folder", "hmdb51", "kinetics400", "ntu60", "ucf101"]
