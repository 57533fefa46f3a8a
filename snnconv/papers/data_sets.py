"""The data sets of the papers: what they are called, and how a copy in a folder is opened."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ..data import DATA_SOURCES, IMAGENET, DataSource, Normalization, open_data
from ..errors import InputError
from ..registry import Registry


@dataclass(frozen=True)
class DataSet:
    """A data set by its name in recipes.

    Attributes:
        title: as it is known.
        test, train: what `open_data` takes, with {root} for the folder and {split} for one of the splits.
        splits: the official ones, where there are several. batch_size: usual for an evaluation.
    """

    title: str
    test: str
    train: str
    splits: tuple[str, ...] = ("",)
    batch_size: int = 100

    def spec(self, training: bool, root: Path, split: str = "", sampling: str = "") -> str:
        """What `open_data` takes.

        Args:
            split: "": the first. sampling: options of video clips.
        """
        form = self.train if training else self.test
        return form.format(root=root, split=split or self.splits[0]) + ("?" if sampling else "") + sampling

    def missing(self, root: Path | None, split: str = "", sampling: str = "") -> str | None:
        """Why a part of it cannot be opened in the folder; None: both can."""
        if self.test.partition(":")[0] not in DATA_SOURCES:
            return f"needs {self.title}, and there is no reader for it yet"
        if root is None:
            return f"needs {self.title} (--data-root DIR)"
        for training in (False, True):
            spec = self.spec(training, root, split, sampling)
            try:
                open_data(spec, limit=1)
            except InputError as error:  # not there, damaged, or without what reads it
                return f"needs {self.title}, which cannot be opened as {spec} ({str(error).splitlines()[0]})"
        return None


CLIPS = 8  # in a batch: one of 32 frames at 224² takes 19 MB before the first layer
DATA_SETS: Registry[DataSet] = Registry("data set of a paper")

for _name, _title in {"CIFAR10": "CIFAR-10", "CIFAR100": "CIFAR-100"}.items():
    DATA_SETS.register(_name.lower())(
        DataSet(_title, f"torchvision:{_name}:{{root}}", f"torchvision:{_name}:{{root}}:train")
    )
DATA_SETS.register("imagenet")(
    DataSet("ImageNet", "imagefolder:{root}/imagenet/val", "imagefolder:{root}/imagenet/train")
)
for _name, _title in {"ucf101": "UCF-101", "hmdb51": "HMDB-51"}.items():
    DATA_SETS.register(_name)(
        DataSet(_title, f"{_name}:{{root}}:test{{split}}", f"{_name}:{{root}}:train{{split}}", ("1", "2", "3"), CLIPS)
    )
DATA_SETS.register("kinetics400")(
    DataSet("Kinetics-400", "kinetics400:{root}:val", "kinetics400:{root}:train", batch_size=CLIPS)
)
DATA_SETS.register("ntu60")(
    DataSet("NTU RGB+D 60", "ntu60:{root}:{split}-test", "ntu60:{root}:{split}-train", ("xsub", "xview"), CLIPS)
)
DATA_SETS.register("dvs128gesture")(
    DataSet("DVS128 Gesture", "dvs128gesture:{root}/DvsGesture", "dvs128gesture:{root}/DvsGesture:train", ("",), CLIPS)
)

# What frames are normalised with before networks that were trained elsewhere read them.
NORMALIZATIONS: Registry[Normalization] = Registry("normalisation")
NORMALIZATIONS.register("imagenet")(IMAGENET)
NORMALIZATIONS.register("kinetics")(Normalization((0.45, 0.45, 0.45), (0.225, 0.225, 0.225)))  # of pytorchvideo's zoo
NORMALIZATIONS.register("torchvision-video")(Normalization((0.43216, 0.394666, 0.37645), (0.22803, 0.22145, 0.216989)))


def check_classes(data: DataSource, classes: int | None) -> None:
    """Refuse data of another number of classes than the network's.

    Raises:
        InputError: both are told, and they differ.
    """
    if None not in (data.classes, classes) and data.classes != classes:
        raise InputError(
            "the data have another number of classes than the network",
            expected=str(classes), got=str(data.classes), where=data.name,
        )  # fmt: skip
