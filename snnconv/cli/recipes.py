"""Between the options of `bench run` and the workspace of a recipe."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import InputError
from . import work

if TYPE_CHECKING:
    from ..papers import Recipe, Trainer, Workspace

SAMPLES = 100  # in a batch of other data than the published ones


def workspace_of(recipe: Recipe, folder: Path | None, group: str | None, options: dict[str, Any]) -> Workspace:
    """Data, weights and the other network as typed.

    Raises:
        InputError: --model without --data, weights that belong to no group, or whatever is wrong with a file.
    """
    from ..papers import Workspace

    model, data, calib = options["model"], options["data"], options["calib"]
    if model is not None and data is None:
        raise InputError("--model needs --data", remedy="give labelled test data for the other network")
    if calib is not None and data is None:
        raise InputError("--calib goes with --data", remedy="published data sets bring their training part")
    sized = {**options, "batch_size": options["batch_size"] or SAMPLES}
    normalization, test = work.normalization_of(options), None if data is None else work.test_data(data, sized)
    device = work.device_of(options["device"])
    network, about = None, ""
    if model is None:
        weights = weights_by_group(recipe, group, options["weights"])
    else:
        from torch import nn

        from ..io.stored import stored_normalization

        if len(options["weights"]) > 1:
            raise InputError("--model takes one file of weights", got=" and ".join(options["weights"]))
        opened = work.open_named(model, {**options, "weights": next(iter(options["weights"]), None)})
        network, about, weights = opened.model, opened.description, {}
        normalization = normalization or stored_normalization(opened)
        network = network.to(device) if isinstance(network, nn.Module) else network
    if test is not None and normalization is not None:
        test.normalization = normalization
    return Workspace(
        data_root=options["data_root"],
        weights=weights,
        model=network,
        about=about,
        data=test,
        calib=work.data_of(calib, normalization, sized["batch_size"], options["calib_limit"], options),
        normalization=normalization,
        limit=options["limit"],
        batch_size=options["batch_size"],
        views=options["views"],
        reading=work.reading(options),
        device=str(device),
        folder=folder,
        overwrite=options["overwrite"],
        seed=options["seed"],
    )


def trainer_of(recipe: Recipe, group: str | None, options: dict[str, Any]) -> Trainer | None:
    """How `--train`, `--start` and `--set` say that networks are trained; None: they are not.

    Raises:
        InputError: --start or --set without --train, a checkpoint that belongs to nothing, or a setting that is none.
    """
    from ..papers import Trainer
    from ..papers.training import networks_of
    from ..training.settings import settings_of

    if not options["train"]:
        for name in ("start", "set"):
            if options[f"train_{name}"]:
                raise InputError(f"--{name} goes with --train", remedy="add --train, or leave it out")
        return None
    names = {name for row in recipe.rows if row.network for name in networks_of(row)}
    start = files_by_name(recipe, group, options["train_start"], names, "checkpoints to start from")
    settings = {}
    for text in options["train_set"]:
        name, equals, value = text.partition("=")
        if not equals:
            raise InputError(
                "this is not a setting of a training", expected="NAME=VALUE, such as epochs=2", got=repr(text)
            )
        settings[name.strip()] = literal(value.strip())
    settings_of(settings)  # what is none is told before anything runs
    return Trainer(start, settings)


def literal(text: str) -> Any:
    """A number, true, false or none as such; words with commas between them as several."""
    known = {"true": True, "false": False, "none": None}
    if text.lower() in known:
        return known[text.lower()]
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return tuple(text.split(",")) if "," in text else text


def weights_by_group(recipe: Recipe, group: str | None, given: Iterable[str]) -> dict[str, str]:
    """`cifar10/vgg16=FILE` → {"cifar10/vgg16": FILE}; FILE alone where there is only one group.

    `ucf101/base=FILE` is for the row base of the group ucf101, `ucf101/slowfast/clip=FILE` for rows that share such a
    network, `ucf101/base:2=FILE` for the second of several splits.

    Raises:
        InputError: a file without a group where there are several, or two for one.
    """
    return files_by_name(recipe, group, given, (), "weights")


def files_by_name(
    recipe: Recipe, group: str | None, given: Iterable[str], more: Iterable[str], what: str
) -> dict[str, str]:
    """The same for files of another kind, with more names than those of groups and rows."""
    groups = recipe.groups if group is None else [group]
    parts = [part for row in recipe.rows for part in row.by_split()]
    names = {name + part.part for part in parts for name in (part.group, part.place, part.shares)}
    places = sorted({*recipe.groups, *names, *more} - {""}, key=len, reverse=True)
    found: dict[str, str] = {}
    for text in given:
        name = next((place for place in places if text.startswith(f"{place}=")), None)  # names hold a = themselves
        file = text if name is None else text.removeprefix(f"{name}=")
        if name is None:
            name = groups[0]
            is_named = "=" in text and not Path(text).exists()  # a name that is none, not a file
            if len(groups) > 1 or is_named:
                known = ", ".join(filter(None, (*groups, *more)))
                raise InputError(
                    f"whose {what} are these?",
                    expected=f"GROUP=FILE with GROUP one of {known}; GROUP/ROW=FILE for one row, "
                    "GROUP/ROW:2=FILE for one of several splits; or a file that is there",
                    got=text,
                )
        if name in found:
            raise InputError(f"two files of {what} for {name or 'one network'}", got=f"{found[name]} and {file}")
        found[name] = file
    return found
