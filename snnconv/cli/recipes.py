"""Between the options of `bench run` and the workspace of a recipe."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from torch import nn

from ..errors import InputError
from . import work

if TYPE_CHECKING:
    from ..bench.papers import Recipe, Workspace

SAMPLES = 100  # in a batch of other data than the published ones


def workspace_of(recipe: Recipe, folder: Path | None, group: str | None, options: dict[str, Any]) -> Workspace:
    """Data, weights and the other network as typed.

    Raises:
        InputError: --model without --data, weights that belong to no group, or whatever is wrong with a file.
    """
    from ..bench.papers import Workspace

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
        if len(options["weights"]) > 1:
            raise InputError("--model takes one file of weights", got=" and ".join(options["weights"]))
        opened = work.opened(model, {**options, "weights": next(iter(options["weights"]), None)})
        network, about, weights = opened.model, opened.description, {}
        normalization = normalization or work.stored_normalization(opened)
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


def weights_by_group(recipe: Recipe, group: str | None, given: Iterable[str]) -> dict[str, str]:
    """`cifar10/vgg16=FILE` → {"cifar10/vgg16": FILE}; FILE alone where there is only one group.

    `ucf101/base=FILE` is for the row base of the group ucf101, `ucf101/slowfast/clip=FILE` for rows that share such a
    network, `ucf101/base:2=FILE` for the second of several splits.

    Raises:
        InputError: a file without a group where there are several, or two for one.
    """
    groups = recipe.groups if group is None else [group]
    parts = [part for row in recipe.rows for part in row.by_split()]
    names = {name + part.part for part in parts for name in (part.group, part.place, part.shares)}
    places = sorted({*recipe.groups, *names} - {""}, key=len, reverse=True)
    found: dict[str, str] = {}
    for text in given:
        name = next((place for place in places if text.startswith(f"{place}=")), None)  # names hold a = themselves
        file = text if name is None else text.removeprefix(f"{name}=")
        if name is None:
            name = groups[0]
            if len(groups) > 1:
                raise InputError(
                    "whose weights are these?",
                    expected=f"GROUP=FILE with GROUP one of {', '.join(groups)}; GROUP/ROW=FILE for one row, "
                    "GROUP/ROW:2=FILE for one of several splits",
                    got=text,
                )
        if name in found:
            raise InputError(f"two files of weights for {name or 'one network'}", got=f"{found[name]} and {file}")
        found[name] = file
    return found
