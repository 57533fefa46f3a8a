"""The conversion methods: one entry each, which the one engine runs. Names, sources and settings are the papers'."""

from __future__ import annotations

from .method import METHODS, Method

CATALOGUE = (
    # Today's best training-free setting, the default of `convert`.
    Method(
        name="auto",
        summary="signed binary digits if they pay, fine thresholds where the output is sensitive; training-free",
        source="this project, after H-MT (AAAI 2026) and You et al. (IEEE TCDS 2024)",
        neuron="signed",
        options={"bits": 8, "cost": 0.3},
        fixed={"down_limit": None, "gate": "memory", "retract": "zero"},
        threshold="sensitivity:0.08",
        granularity="channel",
        sends_levels=True,
        otherwise="sdm-zero",
    ),
    # Neurons that fire up to Γ = 5 spikes a step, and max pooling by lateral inhibition.
    Method(
        name="burst",
        summary="burst neurons of up to 5 spikes a step, v(0) = 0; max pooling by lateral inhibition",
        source="Li & Zeng, Efficient and accurate conversion of SNNs with burst spikes, IJCAI 2022",
        year=2022,
        neuron="sd",
        options={"alpha": 1.0, "beta": 5, "down_limit": 0, "v0": 0.0},
        threshold="percentile:99.9",
        maxpool="lipool",
    ),
    # Layer by layer, a trial of ρ steps shifts v(0) of neurons that fire once too often or too rarely.
    Method(
        name="cos",
        summary="integrate-and-fire neurons; v(0) shifted after a trial of ρ = 4 steps, layer by layer",
        source="Hao et al., Bridging the gap between ANNs and SNNs by calibrating offset spikes, ICLR 2023",
        year=2023,
        needs="qcfs",
        neuron="cos",
        options={"alpha": 1.0, "rho": 4, "v0": 0.5},
        threshold="learned else percentile:99.9",
        warm_up="rho",
    ),
    # Differential coding; multi-threshold neurons whose spikes correct the mean output so far.
    Method(
        name="dcgs",
        summary="multi-threshold neurons with differential coding: one spike ±θ/2^i a step corrects the mean so far",
        source="Huang et al., Differential coding for training-free ANN-to-SNN conversion, ICML 2025",
        year=2025,
        neuron="differential",
        options={"alpha": 1.0, "bits": 8, "v0": 0.0},
        threshold="percentile:99.9",
        granularity="channel",
    ),
    # The Group Neuron; m members at kθ/m are one SD neuron without negative spikes at α = 1/m, β = m.
    Method(
        name="gn",
        summary="group neurons of m = 4 members (SD neurons without negative spikes, α = 1/m, β = m)",
        source="Lyu et al., Optimal ANN-SNN conversion with group neurons, ICASSP 2024",
        year=2024,
        needs="qcfs",
        neuron="sd",
        options={"alpha": 0.25, "beta": 4, "down_limit": 0, "gate": "memory", "retract": "threshold"},
        threshold="learned else percentile:99.9",
        granularity="layer",
    ),
    # Plain integrate-and-fire neurons, the baseline of every table.
    Method(
        name="if",
        summary="plain integrate-and-fire neurons, soft reset, v(0) = θ/2",
        source="Rueckauer et al., Front. Neurosci. 2017; initial potential of Bu et al., AAAI 2022",
        year=2017,
        neuron="integrate_fire",
        options={"alpha": 1.0},
        threshold="learned else percentile:99.9",
        granularity="layer",
    ),
    # Thresholds that grow where activations exceed them; integrate-and-fire neurons that fire above θ only.
    # The paper moves max pooling in front of the neuron, where it sees analog currents. Here pooling stays where
    # the network has it and works on running sums, whose mean is the maximum of the means: nothing has to be moved.
    # Its delayed read-out is the option `delay`: neurons integrate and fire from the first step, the output is read
    # from step delay + 1 on, and these steps count as latency. The paper's T counts them too: T = 32 with a delay
    # of 16 is `T=16, delay=16` here. Which delay it takes cannot be told from the published program, where it is
    # the sum of one number per layer whose rule is left out: 0 unless told.
    Method(
        name="ltb",
        summary="integrate-and-fire neurons, v(0) = θ/2, fire at v > θ; θ from the local threshold balancing rule",
        source="Bu et al., Inference-scale complexity in ANN-SNN conversion, CVPR 2025",
        year=2025,
        neuron="integrate_fire",
        options={"alpha": 1.0, "v0": 0.5, "strict": True, "delay": 0},
        threshold="ltb",
        granularity="channel",
        warm_up="delay",
    ),
    # Multi-threshold neurons; in one step a neuron sends a whole number in binary.
    # The largest threshold is λ/2, so that one step of all n spikes represents λ, the activation that calibration
    # found; with α = 1, as published, it is nearly 2λ, one bit for the few activations above λ. That α = ½ is ours,
    # and leaves out the last quantum: n digits are (2ⁿ − 1)/2ⁿ of λ, a floor for activations at λ.
    # `threshold="max"` covers it.
    Method(
        name="mt",
        summary="multi-threshold neurons: thresholds θ, θ/2, … θ/2^(n−1) tried in turn; binary-weighted spikes",
        source="H-MT, Generalized threshold optimization with harmony multi-threshold neurons, AAAI 2026",
        year=2026,
        neuron="binary",
        options={
            "alpha": 0.5,
            "bits": 4,
            "down_limit": 0,
            "gate": "memory",
            "retract": "threshold",
            "v0": 0.5,
        },
        threshold="percentile:99.9",
    ),
    # The whole numbers of `mt`, sent as signed binary digits, of which fewer are set.
    Method(
        name="mt-signed",
        summary="like mt, with spikes of ±2^i: the non-adjacent form of the same numbers",
        source="this project, after H-MT, AAAI 2026",
        neuron="signed",
        options={
            "alpha": 0.5,
            "bits": 4,
            "down_limit": 0,
            "gate": "memory",
            "retract": "threshold",
            "v0": 0.5,
        },
        threshold="percentile:99.9",
    ),
    # Optimal ANN-SNN conversion; integrate-and-fire neurons that start half full, thresholds trained as clips.
    Method(
        name="opt",
        summary="integrate-and-fire neurons, v(0) = θ/2, θ the trained ceiling of a clip",
        source="Bu, Ding, Yu, Huang, Optimized potential initialization for low-latency SNNs, AAAI 2022",
        year=2022,
        needs="clip",
        neuron="integrate_fire",
        options={"alpha": 1.0, "v0": 0.5},
        threshold="learned else percentile:99.9",
    ),
    # Quantization clip-floor-shift; the same neurons as `opt`, on an ANN trained with clip-floor-shift.
    # Published with MaxPool replaced by AvgPool before training (`snnconv.clip` does that); conversion alone leaves
    # pooling as it is. The published logits are summed over T, here averaged: the decision is the same.
    Method(
        name="qcfs",
        summary="integrate-and-fire neurons, v(0) = θ/2, θ trained with a quantising clip",
        source="Bu et al., Optimal ANN-SNN conversion for high-accuracy and ultra-low-latency SNNs, ICLR 2022",
        year=2022,
        needs="qcfs",
        neuron="integrate_fire",
        options={"alpha": 1.0, "v0": 0.5},
        threshold="learned else percentile:99.9",
    ),
    # Rate norm layers; integrate-and-fire neurons that start empty, thresholds trained from the maximum.
    Method(
        name="rnl",
        summary="integrate-and-fire neurons, v(0) = 0, θ trained by rate norm layers",
        source="Ding et al., Optimal ANN-SNN conversion for fast and accurate inference in deep SNNs, IJCAI 2021",
        year=2021,
        needs="rnl",
        neuron="integrate_fire",
        options={"alpha": 1.0, "v0": 0.0},
        threshold="learned else percentile:99.9",
    ),
    # ReLU-threshold-shift; thresholds at the maximum, and half a quantum of bias spread over the T steps.
    # Published with an ANN whose ReLUs are clipped at a fixed ceiling found as the maximum over the training set;
    # on a plain ReLU network that ceiling is the maximum of the calibration data.
    Method(
        name="rts",
        summary="integrate-and-fire neurons, v(0) = 0, a current θ/(2T) at every step",
        source="Deng & Gu, Optimal conversion of conventional artificial neural networks to SNNs, ICLR 2021",
        year=2021,
        needs="clip",
        neuron="integrate_fire",
        options={"alpha": 1.0, "v0": 0.0},
        threshold="learned else max",
        corrections=("shift",),
    ),
    # Scalable Dual threshold Mapping exactly as published.
    Method(
        name="sdm",
        summary="scalable dual-threshold burst neurons as published",
        source="You et al., Converting ANNs to Ultra-Low-Latency SNNs for Action Recognition, IEEE TCDS 2024",
        year=2024,
        needs="clip",
        neuron="sd",
        options={"alpha": 0.5, "beta": 2, "down_limit": 1, "gate": "memory", "retract": "threshold"},
        threshold="learned else percentile:99.9",
        granularity="layer",
        notes=(
            "The paper opens the gate for a negative spike in two ways: its flow does so if O > 0, the net number of "
            "spikes fired so far (--gate memory, used here); its Eq. 9, as printed, if Σ I > 0 (--gate input).",
            "Measured on ResNet-20, 5,000 CIFAR-10 test images, ANN 91.50 %, α = 0.5, β = 2, % at T = 1, 2, 4, 8, 16:",
            "  --gate memory  35.34  46.80  70.78  87.74  90.94",
            "  --gate input   35.34  45.86  62.36  81.26  89.68",
            "(benchmarks/results/resnet20-cifar10; 95 % intervals are ±1.4 points at most)",
        ),
    ),
    # SDM that takes a spike back as soon as the potential is negative.
    Method(
        name="sdm-zero",
        summary="SD neurons that take back a spike as soon as the potential is negative, per channel; training-free",
        source="this project; neuron after You et al., IEEE TCDS 2024",
        neuron="sd",
        options={"alpha": 0.2, "beta": 5, "down_limit": None, "gate": "memory", "retract": "zero"},
        threshold="learned else percentile:99.9",
        granularity="channel",
        sends_levels=True,
        unlike="takes a spike back as soon as a potential is below 0 and has one threshold per channel; the published "
        "neuron does so at −θ, at most once per step, and has one threshold per layer: --method sdm",
    ),
    # Signed neurons with memory, and a threshold for every neuron.
    # They are SD neurons of one spike a step (α = β = 1) that start empty: +1 where v ≥ θ, −1 where v ≤ −θ and the
    # net number of spikes fired is above 0.
    Method(
        name="snm",
        summary="signed neurons with memory: one spike a step, taken back at v ≤ −θ; θ the maximum of each neuron",
        source="Wang, Zhang, Chen, Qu, Signed neuron with memory, IJCAI 2022",
        year=2022,
        neuron="sd",
        options={"alpha": 1.0, "beta": 1, "down_limit": 1, "gate": "memory", "retract": "threshold", "v0": 0.0},
        threshold="max",
        granularity="neuron",
    ),
    # SNN calibration by an initial potential of every neuron, then by the weights, layer by layer.
    # The paper calls the weights the last stage, to be learned where the potential alone does not do; the authors'
    # program leaves them out on CIFAR. `corrections=("shift", "potential")` does so here.
    Method(
        name="snnc-advanced",
        summary="integrate-and-fire neurons, a current θ/(2T), v(0) = T · mean error of each neuron, weights by Adam",
        source="Li et al., A free lunch from ANN (SNN calibration, advanced), ICML 2021",
        year=2021,
        neuron="integrate_fire",
        options={"alpha": 1.0, "v0": 0.0},
        threshold="clip-floor",
        corrections=("shift", "potential", "weights"),
    ),
    # SNN calibration by a current per channel, layer by layer.
    Method(
        name="snnc-light",
        summary="integrate-and-fire neurons, v(0) = 0, a current θ/(2T) + the mean error of each channel",
        source="Li et al., A free lunch from ANN (SNN calibration, light), ICML 2021",
        year=2021,
        neuron="integrate_fire",
        options={"alpha": 1.0, "v0": 0.0},
        threshold="clip-floor",
        corrections=("shift", "bias"),
    ),
    # Τ steps show which neurons end below 0; these stay silent in the T steps that count.
    Method(
        name="srp",
        summary="integrate-and-fire neurons; those with no potential left after τ = 4 steps stay silent afterwards",
        source="Hao et al., Reducing ANN-SNN conversion error through residual membrane potential, AAAI 2023",
        year=2023,
        needs="qcfs",
        neuron="srp",
        options={"alpha": 1.0, "tau": 4, "v0": 0.5},
        threshold="learned else percentile:99.9",
        warm_up="tau",
    ),
)

for method in CATALOGUE:
    METHODS.register(method.name)(method)
