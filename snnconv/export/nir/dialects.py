"""What importers of NIR take: the standard says less than a network needs, and each tool fills the rest its own way."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Dialect:
    """Attributes:
    told: what to do in an importer, which does not read the metadata.
    r: of IF nodes, 1/dt. pool_nodes, scale_nodes: whether it knows those nodes, which are convolutions else.
    grouped: whether convolutions may have groups. unit: whether every threshold has to be 1.
    chain: whether every node has to read one node, and one has to read it.
    """

    told: str
    r: float = 1.0
    pool_nodes: bool = True
    scale_nodes: bool = True
    grouped: bool = True
    unit: bool = False
    chain: bool = False


ASKS = "neurons subtract their threshold and begin at v0 (metadata of every IF node); NIR's reset to 0 and begin at 0"
AT_ZERO = "neurons subtract their threshold (metadata of every IF node; NIR's reset to 0) and begin at 0"
DIALECTS = {
    "spec": Dialect(f"{ASKS}: an importer that ignores this loses accuracy"),
    # sinabs 3 knows no Scale and no AvgPool2d; the package nir refuses the shapes of groups; its neurons subtract, but
    # are bounded below, send several spikes and begin at 0; nirtorch runs nodes before all that they read is there
    "sinabs": Dialect(
        f"{ASKS}: set min_v_mem=None, spike_fn=SingleSpike and v_mem=v0, as in examples/deploy/nir_sinabs.py",
        pool_nodes=False, scale_nodes=False, grouped=False, unit=True, chain=True,
    ),
    # SpikingJelly 2 wants r = 1/dt with dt = 1e-4 and one threshold, and knows no groups and no Scale
    "spikingjelly": Dialect(
        f"{ASKS}: set v_reset=None and v=v0, as in examples/deploy/nir_spikingjelly.py",
        r=1e4, scale_nodes=False, grouped=False, unit=True,
    ),
}  # fmt: skip
