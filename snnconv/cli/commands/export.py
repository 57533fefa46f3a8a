"""`snnconv export`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from ..notices import telling
from ..options import WHOLE, normalization_options, shared_options
from ..output import print_json

# the registry takes torch, which help does not wait for
FORMATS = ("onnx-step", "onnx", "pt2-step", "c", "nir", "spikingjelly")

WHOSE = {"ann": "ANN", "snn": "network", "exported": "exported file"}


@click.command()
@click.argument("model")
@click.option("--to", "to", type=click.Choice(FORMATS), required=True, help="Format to write.")
@click.option("--T", "T", type=WHOLE, help="Time steps inside the file (onnx), and of the check  [default: the "
              "network's own]")  # fmt: skip
@click.option("-o", "--output", "target", type=click.Path(path_type=Path),
              help="File or, for c, folder to write  [default: NAME with the format's suffix]")  # fmt: skip
@click.option("--overwrite", is_flag=True, help="Replace what an earlier export wrote.")
@click.option("--check", metavar="DATA", help="Inputs to compare on: npz:FILE, imagefolder:DIR, …  [default: Gaussian]")
@click.option("--samples", type=click.IntRange(1, 2**31), default=4, show_default=True, help="Samples compared.")
@click.option("--dialect", type=click.Choice(["spec", "sinabs", "spikingjelly"]), help="Of nir: for which importer  "
              "[default: spec]")  # fmt: skip
@click.option("--v0", type=click.Choice(["state", "bias"]), help="Of nir: where neurons begin, as metadata or, for "
              "importers that begin at 0, as a bias of v(0)/T  [default: state]")  # fmt: skip
@click.option("--compiled", is_flag=True, help="Of pt2-step: compile the step by AOTInductor, in a minute or so, by a "
              "C++ compiler; for processors of this kind.")  # fmt: skip
@click.option("--no-check", is_flag=True, help="Write the file only.")
@normalization_options
@shared_options
def export(
    model: str, to: str, T: int | None, target: Path | None, overwrite: bool, check: str | None, samples: int,
    dialect: str | None, v0: str | None, compiled: bool, no_check: bool, as_json: bool, quiet: bool, **options: Any,
) -> None:  # fmt: skip
    """Write a converted network to a file that runs elsewhere, and compare the two.

    MODEL is a converted network (a .pt2 file of 'snnconv convert'). After writing, the file is run by other software on
    the same inputs, and its outputs are compared with the network's at every time step: export.json beside the file
    holds the errors. Networks of whole numbers (--weight-bits 8) have to agree to the bit. The exit code is 1 if the
    file does something else.

    \b
    onnx-step  ONNX, one step: (x, state…) → (output, state…); NAME.init.onnx gives the state to start from
    onnx       ONNX, all T steps in one graph: x → output
    pt2-step   a torch.export program of one step, for PyTorch without snnconv
    c          C99 of a network of whole numbers: no floats, no allocation, work only where spikes are
    nir        NIR, for neuromorphic tools; neurons that integrate and fire (method if and its kin)
    spikingjelly  NAME.py and its weights NAME.pt, to go on training there; the same neurons

    \b
    snnconv export snn.pt2 --to onnx-step -o net.onnx --check npz:test.npz
    snnconv export snn.pt2 --to onnx --T 4 -o net.onnx
    snnconv export snn8.pt2 --to c -o net/ --check fashion:test
    snnconv export snn.pt2 --to nir --dialect sinabs -o net.nir
    """
    from ...data import Normalization
    from ...errors import InputError
    from ...export import FORMATS as REGISTERED
    from ...export import export as run_export
    from ...io.files import load
    from ...network import SpikingNetwork
    from .. import work

    if no_check and check:
        raise InputError("--no-check compares nothing, --check says on what", remedy="leave one of them out")
    form = REGISTERED[to]
    path = target or Path(work.model_name(model)).with_suffix(form.suffix)
    with telling(quiet):
        snn = load(model)
        if not isinstance(snn, SpikingNetwork):
            raise InputError(
                "this is no converted network", got=type(snn).__name__, where=model, remedy=f"snnconv convert {model}"
            )
        data: Any = None if no_check else True
        if check:
            known = snn.plan.normalization
            normalization = work.normalization_of(options) or (Normalization.from_dict(known) if known else None)
            data = work.data_of(check, normalization, samples, samples, {**options, "seed": 0}, snn.ann)
        chosen: dict[str, Any] = {
            key: value for key, value in (("dialect", dialect), ("v0", v0), ("compiled", compiled)) if value
        }
        result = run_export(snn, path, to, T=T, check=data, samples=samples, overwrite=overwrite, **chosen)
        record = (path if form.folder else path.parent) / "export.json"
        if result is not None:
            result.to_json(record)
    if as_json:
        print_json({"output": str(path), "to": to, **({} if result is None else result.to_dict())})
    else:
        click.echo(f"saved {path}")
        for text in {} if result is None else result.notes.values():
            click.echo(f"  {text}")
        if result is not None and result.accuracy:
            told = ", ".join(f"{WHOSE[name]} {value:.2%}" for name, value in result.accuracy.items())
            click.echo(f"accuracy of {result.samples} samples: {told}")
        click.echo("not compared" if result is None else f"{result.verdict}; {record}")
    if result is not None and not result.holds:
        sys.exit(1)
