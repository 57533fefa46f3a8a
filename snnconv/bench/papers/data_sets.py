"""The data sets of the papers: what they are called, and how a copy in a folder is opened."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ...data import DATA_SOURCES, open_data
from ...errors import InputError
from ...registry import Registry


@dataclass(frozen=True)
class DataSet:
    """A data set by its name in recipes.

    Attributes:
        title: as it is known.
        test, train: what `open_data` takes, with {root} for the folder.
    """

    title: str
    test: str
    train: str

    def missing(self, root: Path | None) -> str | None:
        """Why it cannot be opened in the folder; None: it can."""
        if self.test.partition(":")[0] not in DATA_SOURCES:
            return f"needs {self.title}, and there is no reader for it yet"
        if root is None:
            return f"needs {self.title} (--data-root DIR)"
        spec = self.test.format(root=root)
        try:
            open_data(spec, limit=1)
        except InputError as error:  # not there, damaged, or without what reads it
            return f"needs {self.title}, which cannot be opened as {spec} ({str(error).splitlines()[0]})"
        return None


DATA_SETS: Registry[DataSet] = Registry("data set of a paper")

for _name, _title in {"CIFAR10": "CIFAR-10", "CIFAR100": "CIFAR-100"}.items():
    DATA_SETS.register(_name.lower())(
        DataSet(_title, f"torchvision:{_name}:{{root}}", f"torchvision:{_name}:{{root}}:train")
    )
DATA_SETS.register("imagenet")(
    DataSet("ImageNet", "imagefolder:{root}/imagenet/val", "imagefolder:{root}/imagenet/train")
)
for _name, _title in {
    "ucf101": "UCF-101",
    "hmdb51": "HMDB-51",
    "kinetics400": "Kinetics-400",
    "ntu60": "NTU RGB+D 60",
}.items():
    DATA_SETS.register(_name)(DataSet(_title, f"{_name}:{{root}}", f"{_name}:{{root}}:train"))
DATA_SETS.register("dvs128gesture")(
    DataSet("DVS128 Gesture", "dvs128gesture:{root}/DvsGesture", "dvs128gesture:{root}/DvsGesture:train")
)
