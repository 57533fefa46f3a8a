"""The energy arithmetic of three papers from their own layer tables, rates and operation counts."""

from __future__ import annotations

import pytest
from torch import nn

from snnconv.cost.dense import count
from snnconv.io.factory import build
from snnconv.papers import respike, sdm, svformer


def test_svformer_layer_table() -> None:
    assert svformer.dense_macs() == 38_189_558_784
    assert svformer.dense_macs() + 2 * svformer.norm_elements() == 38_346_109_952


def test_svformer_is_right_by_the_correct_arithmetic() -> None:
    right = svformer.correct()
    assert right.spikes == pytest.approx(4.107, abs=0.002)
    assert round(right.first, 5) == 0.70006
    assert round(right.ann, 2) == 38.19
    assert round(right.ann_mj, 1) == 175.7
    assert round(right.snn_mj, 2) == 6.92


def test_svformer_as_published() -> None:
    published = svformer.as_published()
    assert published.ann == pytest.approx(229.163, abs=0.001)
    assert published.spikes == pytest.approx(20.760, abs=0.001)
    assert published.first == svformer.correct().first
    assert published.ann_mj == pytest.approx(1054.148, abs=0.005)
    assert round(published.snn_mj, 3) == 21.904


def test_svformer_linear_biases_change_only_the_third_decimal() -> None:
    linear = sum(layer.biases * layer.rate for layer in svformer.layers() if layer.kind == "linear" and layer.rate)
    assert 0.001 < linear / 1e9 < 0.005


def test_svformer_first_convolution_is_the_counters() -> None:
    """Conv 3→128, kernel 6, stride 4, padding 1 on 224² frames, counted on the module itself."""
    first = next(iter(svformer.layers()))
    frame = count(nn.Sequential(nn.Conv2d(3, 128, 6, stride=4, padding=1)), (3, 224, 224), convention="mac+bias")
    assert first.macs + first.biases == 16 * frame.ops


def test_respike() -> None:
    """0.01 mJ beside the published 68.31: the paper adds up what it does not round."""
    assert round(respike.hybrid_mj(7.25, 7.22, 1.93), 2) == 68.30
    assert respike.hybrid_mj(7.25, 7.22, 1.93) == pytest.approx(68.31, abs=0.015)


# op_ann, op_snn in G; J
SDM_TABLE3 = {
    "c3d": (38.62, 0.0, 0.178),
    "i3d": (33.35, 0.0, 0.153),
    "timesformer": (100.96, 0.0, 0.464),
    "slowonly": (21.00, 0.0, 0.097),
    "slowfast": (27.90, 0.0, 0.128),
    "slowonly_sdm": (1.92, 23.89, 0.030),
    "slowfast_sdm": (11.60, 49.50, 0.098),
}


@pytest.mark.parametrize("network", SDM_TABLE3)
def test_sdm_table3_follows_from_its_operation_counts(network: str) -> None:
    encoder, spikes, joules = SDM_TABLE3[network]
    assert round(sdm.conversion_mj(encoder, spikes) / 1000, 3) == joules


def test_sdm_encoders_come_close() -> None:
    """First convolutions at 4 steps: 1.888 and 11.329 G; published 1.92 and 11.60 G, which no convention gives."""
    model = build(
        "pytorchvideo:create_slowfast",
        arch_args={"slowfast_fusion_conv_stride": "(8, 1, 1)", "head_pool_kernel_sizes": "((4, 7, 7), (32, 7, 7))"},
    )
    layers = count(model, [(3, 4, 224, 224), (3, 32, 224, 224)], convention="conv").by_layer
    slow, fast = (layers[f"blocks.0.multipathway_blocks.{pathway}.conv"] for pathway in (0, 1))
    assert slow == 4 * 112 * 112 * 64 * 3 * 49
    assert fast == 32 * 112 * 112 * 8 * 3 * 5 * 49
    assert sdm.encoder_macs(slow) / 1e9 == pytest.approx(1.92, rel=0.02)
    assert sdm.encoder_macs(slow, fast) / 1e9 == pytest.approx(11.60, rel=0.025)
