"""`memory`: the operations of `45nm`, the neurons' own work, and what it costs to move weights, potentials and spikes.

Which accesses are counted follows Lemaire et al. 2022 (their equation numbers below), for both kinds of network without
any reuse but the one operand that a layer holds in a register while it works: the sum in the ANN, the spike in the SNN.

    ANN, per product            one weight read (6.1, 6.2), one input read (3; in linear layers, 4, they reuse it)
    ANN, per output             written once (11, 12)
    SNN, per spike and synapse  one weight read (7, 8), the potential read and written back (14, 15)
    SNN, per neuron and step    one comparison (the T·N additions of 1.4, 2.4), the potential read and written back
    SNN, per spike              written once, read once (5, 13), its θ taken off the potential (the last term of 1.4)
    both                        one bias read for each bias added

Dampfhoffer et al. 2022 compare the same causes, and show how much of the ANN's traffic an accelerator saves by reusing
weights and inputs. This model grants reuse to neither side: on hardware made for it, the ANN stands better than here.

Ours: the energy of an access scales with the bits of the value (values lie packed in 64-bit words); each layer has a
memory of its own that just holds its weights, inputs or potentials; events pass through the smallest memory, one event
of 32 bits (address and sign) for each unit spike, heard by all layers that read it; event addresses cost no arithmetic
(their 16, 17); leakage, clock, control and interconnect are left out. The layers before the first neuron are computed
as in the ANN; their currents are kept and read again at each step.
"""

from dataclasses import replace

from .horowitz import HOROWITZ
from .model import ENERGY_MODELS

# Horowitz 2014, Fig. 1.1.9: a 64-bit access to a cache of 8 kB, 32 kB, 1 MB; DRAM 1.3–2.6 nJ, of which the lower end.
MEMORY = replace(
    HOROWITZ,
    name="memory",
    source="Horowitz, ISSCC 2014; accesses as Lemaire et al., ICONIP 2022, and Dampfhoffer et al., IEEE TETCI 2022",
    neuron_update=0.9,
    reset=0.9,
    pool_update=0.9,
    memory=((8 * 1024, 10.0), (32 * 1024, 20.0), (1024 * 1024, 100.0)),
    dram=1300.0,
)
ENERGY_MODELS.register("memory")(MEMORY)
