"""What importers of NIR take: the standard says less than a network needs, and each tool fills the rest its own way."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Dialect:
    """Attributes:
    r: of IF nodes, 1/dt. pool_nodes, scale_nodes: whether it knows those nodes, which are convolutions else.
    grouped: whether convolutions may have groups. unit: whether every threshold has to be 1.
    told: what an importer does that does not read the metadata.
    """

    r: float = 1.0
    pool_nodes: bool = True
    scale_nodes: bool = True
    grouped: bool = True
    unit: bool = False
    told: str = ""


HARD = (
    "NIR's IF resets to v_reset; these neurons subtract their threshold, and begin at v0 (metadata of every IF node): "
)
DIALECTS = {
    "spec": Dialect(told=HARD + "an importer that ignores it loses accuracy"),
    # sinabs 3: no Scale and no AvgPool2d; IAF subtracts, but is bounded below, sends several spikes, begins at 0
    "sinabs": Dialect(pool_nodes=False, scale_nodes=False, unit=True, told=HARD
                      + "set min_v_mem=None, spike_fn=SingleSpike and v_mem=v0, as examples/deploy/nir_sinabs.py does"),
    # SpikingJelly 2: r = 1/dt with dt = 1e-4, one threshold, no groups, no Scale; begins at 0
    "spikingjelly": Dialect(r=1e4, scale_nodes=False, grouped=False, unit=True, told=HARD
                            + "set v_reset=None and v=v0, as examples/deploy/nir_spikingjelly.py does"),
}  # fmt: skip
