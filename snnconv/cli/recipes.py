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


def workspace_of(recipe: Recipe, folder: Path, group: str | None, options: dict[str, Any]) -> Workspace:
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
    normalization = work.normalization_of(options)
    device = work.device_of(options["device"])
    network, about = None, ""
    if model is None:
        weights = weights_by_group(recipe, group, options["weights"])
    else:
        if len(options["weights"]) > 1:
            raise InputError("--model takes one file of weights", got=" and ".join(options["weights"]))
        opened = work.opened(model, {**options, "weights": next(iter(options["weights"]), None)})
        network, about, weights = opened.model, opened.description, {}
        network = network.to(device) if isinstance(network, nn.Module) else network
    return Workspace(
        data_root=options["data_root"],
        weights=weights,
        model=network,
        about=about,
        data=None if data is None else work.test_data(data, options),
        calib=work.data_of(calib, normalization, options["batch_size"], options["calib_limit"], options),
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

    Raises:
        InputError: a file without a group where there are several, or two for one.
    """
    groups = recipe.groups if group is None else [group]
    found: dict[str, str] = {}
    for text in given:
        name, equals, file = text.partition("=")
        if not equals or name not in recipe.groups:
            name, file = groups[0], text
            if len(groups) > 1:
                raise InputError(
                    "whose weights are these?", expected=f"GROUP=FILE with GROUP one of {', '.join(groups)}", got=text
                )
        if name in found:
            raise InputError(f"two files of weights for {name or 'one network'}", got=f"{found[name]} and {file}")
        found[name] = file
    return found
