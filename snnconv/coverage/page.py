"""A run over model zoos as a Markdown page."""

from __future__ import annotations

from collections.abc import Sequence

from ..reports.comparison_page import markdown
from ..reports.parts import Cell, Column, Table
from .record import OTHER_LIMIT, RELU_LIMIT, Analog, Network
from .result import Coverage

MIDDLE = 8  # an earlier time step that is shown too
HEADINGS = ("network", "input", "made smaller", "activations", "spiking", "analog operators (M MAC)", "canonical",
            "T = {middle}", "T = {last}", "slope", "limit", "holds", "CPU s", "GiB")  # fmt: skip
WORDS = frozenset({"network", "input", "made smaller", "activations", "analog operators (M MAC)", "holds"})
METHOD = """\
Random weights, scaled layer by layer until every weighted layer's output has variance 1 (LSUV; Mishkin & Matas, ICLR
2016), biases and shifts of BatchNorm from N(0, 0.35²), and {samples} Gaussian inputs, by which thresholds are set too.
Settings: {settings}.

Without those shifts deep networks of SiLU amplify every difference, as trained networks do not: `realistic.py` says how
large the shifts of trained ones are, and what else was tried.

- *made smaller*: `input` where it is smaller than the network's own; rows of blocks that were shortened; pooling that
  fits the smaller map.
- *analog operators*: how many of each kind work on running means, with their multiply-accumulates of one sample in a
  step, in millions.
- *canonical*: relative L2 distance of the graph that conversion starts from to the source model, in float64.
- *T = …*: relative L2 distance of the spiking network's logits, their mean over T steps, to the ANN's.
- *slope*: of log error over log T; −1 is 1/T."""


def page(result: Coverage) -> str:
    """Summary, what was done, failures if any, and one table for each zoo."""
    zoos = list(dict.fromkeys(network.zoo for network in result.networks))
    tables = [
        f"## {zoo}\n\n{zoo_table(result, [network for network in result.networks if network.zoo == zoo])}"
        for zoo in zoos
    ]
    parts = ["# Coverage of model zoos", summary(result), how(result), *failures(result), *tables]
    return "\n\n".join(parts) + "\n"


def summary(result: Coverage) -> str:
    """How many convert, are the same function, and stay within limits."""
    networks = result.networks
    done = [network for network in networks if network.failed is None]
    lines = [
        f"- {len(done)} of {len(networks)} networks convert and run; {count(n.held for n in done)} pass every check",
        f"- canonical ANN within 1e-5 of the source: {count(not misses(n, 'canonical') for n in done)} of {len(done)}"
        + worst(done, "canonical_error", "{:.1e}"),
    ]
    kinds = ((True, "ReLU family, nothing analog", RELU_LIMIT), (False, "others", OTHER_LIMIT))
    for relu, words, limit in kinds:
        group = [network for network in done if network.relu is relu]
        if group:
            near = count(not misses(network, "limit") for network in group)
            top = max(group, key=lambda network: last_error(network, result.T))
            lines.append(
                f"- {words}: {near} of {len(group)} within {limit:.0%} of the ANN's logits at T = {result.T}; "
                f"the farthest is {top.name}, {percent(top.snn_error.get(result.T))}"
            )
    falls = count(not misses(network, "convergence") for network in done)
    lines.append(f"- the error falls with T in {falls} of {len(done)}")
    return "\n".join(lines)


def how(result: Coverage) -> str:
    """What was measured, on what, by which command."""
    record = result.to_dict()["provenance"]  # with the command that is running
    values = record["settings"].items()
    settings = ", ".join(
        f"{name} {value:.4g}" if isinstance(value, float) else f"{name} {value}" for name, value in values
    )
    versions = ", ".join(f"{name} {version}" for name, version in record["versions"].items())
    hardware = record["hardware"]
    command = f"\n\n```sh\n{record['command']}\n```" if "command" in record else ""
    machine = f"{hardware['processor']}, {hardware['threads']} threads, {record['jobs']} networks at a time"
    return f"{METHOD.format(samples=record['samples'], settings=settings)}\n\n{machine}; {versions}; " + (
        f"seed {record['seed']}; {record['made']}.{command}"
    )


def failures(result: Coverage) -> list[str]:
    """What did not hold, or never came to be checked."""
    lines = [f"- {network.model}: {network.failed}" for network in result.networks if network.failed is not None]
    lines += [
        f"- {network.model}: {'; '.join(network.missed)}"
        for network in result.networks
        if network.failed is None and network.missed
    ]
    return ["## What does not hold\n\n" + "\n".join(lines)] if lines else []


def zoo_table(result: Coverage, networks: Sequence[Network]) -> str:
    columns = [
        Column(heading.format(middle=MIDDLE, last=result.T), heading not in WORDS) for heading in HEADINGS
    ]  # fmt: skip
    rows = [
        [Cell(text, text) for text in line(network, result.T)] for network in sorted(networks, key=lambda n: n.name)
    ]
    return markdown(Table(f"{len(networks)} networks", columns, rows))


def line(network: Network, T: int) -> list[str]:
    """The cells of one network."""
    shapes = " and ".join("×".join(map(str, shape)) for shape in network.shapes)
    spent = [f"{network.seconds:.0f}", f"{network.peak_memory / 2**30:.1f}"]
    if network.failed is not None:
        return [network.name, shapes, "; ".join(network.reduced), *[""] * 8, "failed", *spent]
    return [
        network.name,
        shapes,
        "; ".join(network.reduced),
        ", ".join(f"{number} {operation}" for operation, number in network.activations.items()),
        f"{network.converted}/{network.total}",
        ", ".join(map(shown, network.analog)),
        "" if network.canonical_error is None else f"{network.canonical_error:.1e}",
        percent(network.snn_error.get(MIDDLE)),
        percent(network.snn_error.get(T)),
        "" if network.slope is None else f"{network.slope:+.2f}".replace("-", "−"),
        "" if network.limit is None else f"{network.limit:.0%}",
        "yes" if network.held else "**no**",
        *spent,
    ]


def shown(kind: Analog) -> str:
    """`12 layer_norm (0.4)`."""
    return f"{kind.count} {kind.operation}" + (f" ({kind.macs / 1e6:.3g})" if kind.macs else "")


def percent(error: float | None) -> str:
    return "NaN" if error is None else f"{100 * error:.2g} %"


def count(flags: object) -> int:
    return sum(map(bool, flags))  # type: ignore[call-overload]


def misses(network: Network, check: str) -> bool:
    return any(missed.startswith(f"{check}:") for missed in network.missed)


def last_error(network: Network, T: int) -> float:
    error = network.snn_error.get(T)
    return float("inf") if error is None else error


def worst(networks: Sequence[Network], name: str, form: str) -> str:
    found = [(value, network.name) for network in networks if (value := getattr(network, name)) is not None]
    return f"; the farthest is {max(found)[1]}, {form.format(max(found)[0])}" if found else ""
