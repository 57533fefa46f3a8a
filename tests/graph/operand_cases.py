"""One call of every operation of the tables, of one to three operands [B, 4, 6], the result of any shape."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

aten = torch.ops.aten
GENERATOR = torch.Generator().manual_seed(5)


def drawn(*shape: int) -> Tensor:
    return torch.randn(*shape, generator=GENERATOR)


def four(x: Tensor) -> Tensor:
    """[B, 4, 2, 3]"""
    return x.reshape(-1, 4, 2, 3)


def five(x: Tensor) -> Tensor:
    """[B, 2, 2, 2, 3]"""
    return x.reshape(-1, 2, 2, 2, 3)


def last(x: Tensor) -> Tensor:
    """The batch at the end."""
    return x.permute(1, 2, 0)


def first(x: Tensor) -> Tensor:
    return x.permute(2, 0, 1)


def above(x: Tensor) -> Tensor:
    """Well above 0, where roots and quotients are smooth."""
    return x * x + 0.5


def rows(x: Tensor) -> Tensor:
    return ORDER.expand(x.shape[0], 3, 6)


WIDE, SQUARE, VECTOR, SMALL, VALUE = drawn(5, 6), drawn(24, 24), drawn(24), drawn(6), torch.tensor(0.7)
MASK, TWO, PER_CHANNEL = torch.tensor([True, False, True, True, False, False]), torch.tensor([2, 0]), drawn(4)
ORDER, TIMES = torch.tensor([[[0], [2], [1]]]), torch.tensor([1, 0, 2, 1])
MATRICES, GRID = drawn(4, 6, 6), torch.tensor([[[[-0.5, 0.2], [0.3, 0.9]]]])
Case = Callable[..., Any]

ONE: dict[str, Case] = {
    "view": lambda a: a.view(a.shape[0], -1), "_unsafe_view": lambda a: aten._unsafe_view(a, [-1, 24]),
    "reshape": lambda a: a.reshape(-1, 3, 8), "flatten": lambda a: a.flatten(1),
    "unflatten": lambda a: a.unflatten(1, (2, 2)),
    "ravel": lambda a: a.ravel().view(-1, 24), "permute": lambda a: a.permute(0, 2, 1),
    "transpose": lambda a: a.transpose(1, 2), "t": lambda a: (a.flatten(1).t() * 2).t(),
    "numpy_T": lambda a: (a.flatten(1).T * 2).T, "mT": lambda a: a.mT, "adjoint": lambda a: a.adjoint(),
    "movedim": lambda a: a.movedim(1, 2), "swapaxes": lambda a: a.swapaxes(1, 2),
    "swapdims": lambda a: a.swapdims(1, 2),
    "squeeze": lambda a: a.mean(1, keepdim=True).squeeze(1), "unsqueeze": lambda a: a.unsqueeze(2),
    "slice": lambda a: a[:, 1:], "select": lambda a: a[:, 2], "expand": lambda a: a[:, :1].expand(-1, 3, -1),
    "broadcast_to": lambda a: a[:, :1].broadcast_to(a.shape), "flip": lambda a: a.flip(1), "fliplr": torch.fliplr,
    "flipud": lambda a: first(last(a).flipud()), "roll": lambda a: a.roll(1, 1), "rot90": lambda a: a.rot90(1, (1, 2)),
    "repeat": lambda a: a.repeat(1, 2, 1), "tile": lambda a: a.tile(1, 2, 1), "clone": lambda a: a.clone(),
    "contiguous": lambda a: a.mT.contiguous(), "detach": lambda a: aten.detach(a), "alias": lambda a: aten.alias(a),
    "lift_fresh_copy": lambda a: aten.lift_fresh_copy(a), "_to_copy": lambda a: aten._to_copy(a, dtype=torch.float32),
    "positive": torch.positive, "pixel_shuffle": lambda a: F.pixel_shuffle(four(a), 2),
    "pixel_unshuffle": lambda a: F.pixel_unshuffle(a.reshape(-1, 2, 2, 6), 2),
    "channel_shuffle": lambda a: F.channel_shuffle(four(a), 2),
    "diagonal": lambda a: a.diagonal(0, 1, 2), "diag_embed": torch.diag_embed, "tril": torch.tril, "triu": torch.triu,
    "unfold": lambda a: a.unfold(2, 2, 2), "im2col": lambda a: F.unfold(four(a), 2, padding=1),
    "index": lambda a: a[:, [2, 0]], "_unsafe_index": lambda a: aten._unsafe_index(a, [None, TWO]),
    "gather": lambda a: a.gather(1, rows(a)),
    "index_select": lambda a: a.index_select(1, TWO),
    "repeat_interleave": lambda a: a.repeat_interleave(TIMES, 1),
    "narrow": lambda a: a.narrow(1, 1, 2), "split": lambda a: a.split(3, 1)[1], "chunk": lambda a: a.chunk(2, 1)[1],
    "split_with_sizes": lambda a: aten.split_with_sizes(a, [1, 3], 1)[1], "unbind": lambda a: a.unbind(1)[2],
    "unsafe_split": lambda a: a.unsafe_split(2, 1)[1], "unsafe_chunk": lambda a: a.unsafe_chunk(2, 1)[1],
    "unsafe_split_with_sizes": lambda a: aten.unsafe_split_with_sizes(a, [1, 3], 1)[1],
    "hsplit": lambda a: a.hsplit(2)[1], "vsplit": lambda a: first(last(a).vsplit(2)[1]),
    "dsplit": lambda a: a.dsplit(2)[1],
    "tensor_split": lambda a: a.tensor_split([1, 3], 1)[1],
    "meshgrid": lambda a: torch.cat(torch.meshgrid(a[:, 0, 0], SMALL, indexing="ij"), 1),
    "pad": lambda a: F.pad(a, (1, 1), value=0.5), "circular": lambda a: F.pad(a, (1, 1), mode="circular"),
    "constant_pad_nd": lambda a: aten.constant_pad_nd(a, [1, 2]),
    **{f"reflection_pad{d}d": lambda a, d=d: getattr(aten, f"reflection_pad{d}d")(
        (a, four(a), five(a))[d - 1], [1] * 2 * d) for d in (1, 2, 3)},
    **{f"replication_pad{d}d": lambda a, d=d: getattr(aten, f"replication_pad{d}d")(
        (a, four(a), five(a))[d - 1], [1] * 2 * d) for d in (1, 2, 3)},
    "masked_fill": lambda a: a.masked_fill(MASK, 0.5), "masked_fill of a tensor": lambda a: a.masked_fill(MASK, VALUE),
    "index_fill": lambda a: a.index_fill(1, TWO, 0.5), "fill": lambda a: aten.fill(a[:, :1], VALUE) + a,
    "grid_sampler": lambda a: F.grid_sample(four(a), GRID.expand(a.shape[0], -1, -1, -1), align_corners=False),
    "embedding": lambda a: F.embedding(torch.arange(a.shape[0]), a.flatten(1)),
    "mean": lambda a: a.mean(1), "sum": lambda a: a.sum(2, keepdim=True),
    "sum_to_size": lambda a: a.sum_to_size(a.shape[0], 1, 6), "cumsum": lambda a: a.cumsum(1),
    "col2im": lambda a: F.fold(a.transpose(1, 2).reshape(-1, 4, 6), (3, 4), 2),
    "affine_grid_generator": lambda a: F.affine_grid(a[:, :2, :3], [a.shape[0], 1, 2, 2], align_corners=False),
    **{f"avg_pool{d}d": lambda a, d=d: (F.avg_pool1d, F.avg_pool2d, F.avg_pool3d)[d - 1](
        (a, four(a), five(a))[d - 1], 2)
       for d in (1, 2, 3)},
    **{f"adaptive_avg_pool{d}d": lambda a, d=d: (F.adaptive_avg_pool1d, F.adaptive_avg_pool2d, F.adaptive_avg_pool3d)[
        d - 1]((a, four(a), five(a))[d - 1], 2) for d in (1, 2, 3)},
    **{f"{kind}{d}d": lambda a, d=d, mode=mode: F.interpolate((a, four(a), five(a))[d - 1], scale_factor=2, mode=mode)
       for kind, mode in (("upsample_nearest", "nearest"), ("_upsample_nearest_exact", "nearest-exact"))
       for d in (1, 2, 3)},
    "upsample_linear1d": lambda a: F.interpolate(a, scale_factor=2, mode="linear"),
    "upsample_bilinear2d": lambda a: F.interpolate(four(a), scale_factor=2, mode="bilinear"),
    "upsample_trilinear3d": lambda a: F.interpolate(five(a), scale_factor=2, mode="trilinear"),
    "upsample_bicubic2d": lambda a: F.interpolate(four(a), scale_factor=2, mode="bicubic"),
    "_upsample_bilinear2d_aa": lambda a: F.interpolate(four(a), (3, 2), mode="bilinear", antialias=True),
    "_upsample_bicubic2d_aa": lambda a: F.interpolate(four(a), (3, 2), mode="bicubic", antialias=True),
    "diff": lambda a: a.diff(dim=2), "neg": torch.neg,
    "conv1d": lambda a: F.conv1d(a, SQUARE[:5, :12].view(5, 4, 3), VECTOR[:5]),
    "conv2d": lambda a: F.conv2d(four(a), SQUARE[:5, :16].view(5, 4, 2, 2), padding=1),
    "conv3d": lambda a: F.conv3d(five(a), SQUARE[:5, :16].view(5, 2, 2, 2, 2)),
    "conv_transpose1d": lambda a: F.conv_transpose1d(a, SQUARE[:4, :15].view(4, 5, 3)),
    "conv_transpose2d": lambda a: F.conv_transpose2d(four(a), SQUARE[:4, :20].view(4, 5, 2, 2)),
    "conv_transpose3d": lambda a: F.conv_transpose3d(five(a), SQUARE[:2, :24].view(2, 3, 2, 2, 2)),
    "convolution": lambda a: aten.convolution(a, SQUARE[:5, :12].view(5, 4, 3), None, [1], [1], [1], False, [0], 1),
    "linear": lambda a: F.linear(a, WIDE, VECTOR[:5]),
    "batch_norm": lambda a: F.batch_norm(a, PER_CHANNEL, PER_CHANNEL.abs() + 1, PER_CHANNEL + 2, PER_CHANNEL),
    "_native_batch_norm_legit_no_training": lambda a: aten._native_batch_norm_legit_no_training(
        a, PER_CHANNEL, PER_CHANNEL, PER_CHANNEL, PER_CHANNEL.abs() + 1, 0.1, 1e-5)[0],
    "mm": lambda a: torch.mm(a.flatten(1), SQUARE),
    "tensordot": lambda a: torch.tensordot(a, WIDE.T, 1),
    "inner": lambda a: torch.inner(a, WIDE),
    "outer": lambda a: torch.outer(a.flatten(), SMALL).view(-1, 144),
    "mv": lambda a: torch.mv(a.flatten(1), VECTOR)[:, None],
    # analog
    "layer_norm": lambda a: F.layer_norm(a, (6,), SMALL), "group_norm": lambda a: F.group_norm(a, 2),
    "native_layer_norm": lambda a: aten.native_layer_norm(a, [6], None, None, 1e-5)[0],
    "instance_norm": lambda a: F.instance_norm(a), "rms_norm": lambda a: F.rms_norm(a, (6,)),
    "_fused_rms_norm": lambda a: aten._fused_rms_norm(a, [6], None, 1e-5)[0],
    "norm": lambda a: aten.norm(a, 2, [1], True), "linalg_vector_norm": lambda a: torch.linalg.vector_norm(a, dim=1),
    "linalg_norm": lambda a: aten.linalg_norm(a, None, [1]), "var": lambda a: a.var(1), "std": lambda a: a.std(1),
    "std_mean": lambda a: torch.cat(torch.std_mean(a, 1), 1), "var_mean": lambda a: torch.cat(torch.var_mean(a, 1), 1),
    "aminmax": lambda a: torch.cat(torch.aminmax(a, dim=1), 1),
    "softmax": lambda a: a.softmax(1), "log_softmax": lambda a: a.log_softmax(1), "logsumexp": lambda a: a.logsumexp(1),
    "_softmax": lambda a: aten._softmax(a, 1, False), "_log_softmax": lambda a: aten._log_softmax(a, 1, False),
    "glu": lambda a: F.glu(a, 1), "square": torch.square, "prod": lambda a: above(a).prod(1),
    "cumprod": lambda a: above(a).cumprod(1), "pow": lambda a: above(a) ** 1.5, "sqrt": lambda a: above(a).sqrt(),
    "rsqrt": lambda a: above(a).rsqrt(), "exp": torch.exp, "exp2": torch.exp2, "expm1": torch.expm1,
    "log": lambda a: above(a).log(), "log2": lambda a: above(a).log2(), "log10": lambda a: above(a).log10(),
    "log1p": lambda a: above(a).log1p(), "reciprocal": lambda a: above(a).reciprocal(),
    "abs": lambda a: (a - 0.3).abs(),
    "sin": torch.sin, "cos": torch.cos, "atan": torch.atan, "erf": torch.erf, "sinh": torch.sinh, "cosh": torch.cosh,
    "clamp": lambda a: a.clamp(min=0.2), "clamp_min": lambda a: torch.clamp_min(a, 0.2),
    "clamp_max": lambda a: torch.clamp_max(a - SMALL, 0.2), "amax": lambda a: a.amax(1),
    "amin": lambda a: (a + SMALL).amin(2),
    "max": lambda a: a.max(1).values, "min": lambda a: (a + SMALL).min(2).values, "topk": lambda a: a.topk(2, 1).values,
    "sort": lambda a: a.sort(1).values, "median": lambda a: (a + SMALL).median(2).values,
    "kthvalue": lambda a: (a + SMALL).kthvalue(2, 2).values, "nan_to_num": torch.nan_to_num,
}  # fmt: skip

TWO_OPERANDS: dict[str, Case] = {
    "expand_as": lambda a, b: a[:, :1].expand_as(b), "view_as": lambda a, b: a.contiguous().view_as(b.mT),
    "reshape_as": lambda a, b: a.mT.reshape_as(b), "type_as": lambda a, b: a.type_as(b), "to": lambda a, b: a.to(b),
    "cat": lambda a, b: torch.cat([a, b], 1), "stack": lambda a, b: torch.stack([a, b], 1),
    "concat": lambda a, b: torch.concat([a, b], 1), "hstack": lambda a, b: torch.hstack([a, b]),
    "vstack": lambda a, b: first(torch.vstack([last(a), last(b)])), "dstack": lambda a, b: torch.dstack([a, b]),
    "column_stack": lambda a, b: torch.column_stack([a, b]),
    "row_stack": lambda a, b: first(aten.row_stack([last(a), last(b)])),
    "broadcast_tensors": lambda a, b: torch.cat(torch.broadcast_tensors(a, b[:, :1]), 1),
    **{f"atleast_{d}d": lambda a, b, d=d: torch.cat(getattr(torch, f"atleast_{d}d")(a, b), 1) for d in (1, 2, 3)},
    "zeros_like": lambda a, b: torch.zeros_like(a) + b, "ones_like": lambda a, b: torch.ones_like(a) + b,
    "full_like": lambda a, b: torch.full_like(a, 2.0) * b, "empty_like": lambda a, b: torch.empty_like(a).copy_(b),
    "new_zeros": lambda a, b: a.new_zeros(4, 6) + b, "new_ones": lambda a, b: a.new_ones(4, 6) + b,
    "new_full": lambda a, b: a.new_full((4, 6), 2.0) * b, "new_empty": lambda a, b: a.new_empty(a.shape).copy_(b),
    "zero": lambda a, b: a.clone().zero_() + b, "copy": lambda a, b: aten.copy(a, b),
    "slice_scatter": lambda a, b: a.slice_scatter(b[:, :2], 1, 1, 3),
    "select_scatter": lambda a, b: a.select_scatter(b[:, 0], 1, 2),
    "diagonal_scatter": lambda a, b: a.diagonal_scatter(b[:, 0, :4], 0, 1, 2),
    "where": lambda a, b: torch.where(MASK, a, b), "index_add": lambda a, b: a.index_add(1, TWO, b[:, :2]),
    "index_put": lambda a, b: aten.index_put(a, [None, TWO], b[:, :2]),
    "_unsafe_index_put": lambda a, b: aten._unsafe_index_put(a, [None, TWO], b[:, :2]),
    "index_copy": lambda a, b: a.index_copy(1, TWO, b[:, :2]),
    "index_reduce": lambda a, b: aten.index_reduce(a, 1, TWO, b[:, :2], "mean"),
    "scatter": lambda a, b: a.scatter(1, rows(a), b), "scatter_add": lambda a, b: a.scatter_add(1, rows(a), b),
    "scatter_reduce": lambda a, b: a.scatter_reduce(1, rows(a), b, "sum"),
    "multiplied": lambda a, b: a.scatter_reduce(1, rows(a), b, "prod"),
    "prepended": lambda a, b: torch.diff(a, dim=2, prepend=b[:, :, :1]),
    "add": lambda a, b: torch.add(a, b, alpha=2), "sub": lambda a, b: a - b, "rsub": lambda a, b: torch.rsub(a, b),
    "lerp": lambda a, b: torch.lerp(a, b, 0.3), "lerp of a tensor": lambda a, b: torch.lerp(a, b, SMALL),
    "bilinear": lambda a, b: F.bilinear(a, b, SQUARE[:3].repeat(1, 2)[:, :36].view(3, 6, 6), VECTOR[:3]),
    "matmul": lambda a, b: a @ b.mT, "bmm": lambda a, b: torch.bmm(a, b.mT),
    "linalg_vecdot": lambda a, b: torch.linalg.vecdot(a, b), "einsum": lambda a, b: torch.einsum("bcl,bdl->bcd", a, b),
    "addmm": lambda a, b: torch.addmm(a.flatten(1), b.flatten(1), SQUARE),
    "addbmm": lambda a, b: torch.addbmm(a[:, 0], b.permute(1, 0, 2), MATRICES),
    "addmv": lambda a, b: torch.addmv(a[:, 0, 0], b.flatten(1), VECTOR)[:, None],
    "addr": lambda a, b: torch.addr(a[:, 0], b[:, 0, 0], SMALL), "mul": lambda a, b: a * b,
    "cross": lambda a, b: torch.cross(a[:, :3], b[:, :3], 1),
    "linalg_cross": lambda a, b: torch.linalg.cross(a[:, :3], b[:, :3], dim=1), "div": lambda a, b: a / above(b),
    "cosine_similarity": lambda a, b: F.cosine_similarity(a + 1, b + 1, 2),
    "pairwise_distance": lambda a, b: F.pairwise_distance(a, b), "cdist": lambda a, b: torch.cdist(a, b),
    "maximum": lambda a, b: torch.maximum(a, b), "minimum": lambda a, b: torch.minimum(a + 1, b),
    "fmax": lambda a, b: torch.fmax(a, b), "fmin": lambda a, b: torch.fmin(a + 1, b),
}  # fmt: skip

THREE: dict[str, Case] = {
    "baddbmm": lambda a, b, c: torch.baddbmm(a[:, :, :4], b, c.mT), "addcmul": lambda a, b, c: torch.addcmul(a, b, c),
    "addcdiv": lambda a, b, c: torch.addcdiv(a, b, above(c)), "weighted": lambda a, b, c: torch.lerp(a, b, c),
    "scaled_dot_product_attention": lambda a, b, c: F.scaled_dot_product_attention(a, b, c),
}  # fmt: skip
CASES: dict[str, Case] = ONE | TWO_OPERANDS | THREE
COUNTS = dict.fromkeys(ONE, 1) | dict.fromkeys(TWO_OPERANDS, 2) | dict.fromkeys(THREE, 3)
