"""The one table of operations: what each is to the passes, as an analog operator, and to what counts it.

What has no row takes data that it is not affine in: only an activation or a refusal can follow. `register_op` adds
rows.
"""

from __future__ import annotations

from torch import fx

from .names import argument_of
from .op import OPERATIONS, Op, register_op

__all__ = ["OPERATIONS", "TABLE", "Op", "register_op"]


def reduces(node: fx.Node) -> bool:
    """Whether it writes by another rule than replacing, adding or averaging."""
    return argument_of(node, "reduce") not in (None, "add", "sum", "mean")


def rounds(node: fx.Node) -> bool:
    return bool(argument_of(node, "rounding_mode"))


def pads_otherwise(node: fx.Node) -> bool:
    return argument_of(node, "mode") not in (None, "constant", "reflect", "replicate", "circular")


TABLE = (
    Op(
        "moves",
        "view _unsafe_view reshape flatten unflatten ravel permute transpose t numpy_T mT adjoint movedim "
        "swapaxes swapdims squeeze unsqueeze slice select expand broadcast_to flip fliplr flipud roll rot90 "
        "repeat tile clone contiguous detach alias lift_fresh_copy _to_copy positive pixel_shuffle "
        "pixel_unshuffle channel_shuffle native_channel_shuffle diagonal diag_embed tril triu unfold im2col",
        data="self",
    ),
    Op("moves", "expand_as view_as reshape_as type_as to", data="self", shape="other"),
    Op("moves", "index _unsafe_index take_along_dim", data="self", choice="indices"),
    Op("moves", "index_select gather", data="self", choice="index"),
    Op("moves", "repeat_interleave", data="self", choice="repeats"),
    Op("moves", "narrow", data="self", choice="start"),
    Op("joins", "cat concat stack hstack vstack dstack column_stack row_stack", data="tensors"),
    Op(
        "joins",
        "split split_with_sizes chunk unbind unsafe_split unsafe_split_with_sizes unsafe_chunk hsplit vsplit dsplit",
        data="self",
    ),
    Op("joins", "tensor_split", data="self", choice="tensor_indices_or_sections"),
    Op("parts", "broadcast_tensors meshgrid", data="tensors"),
    Op("parts", "atleast_1d atleast_2d atleast_3d", data="self tensors"),
    Op(
        "pads",
        "pad constant_pad_nd reflection_pad1d reflection_pad2d reflection_pad3d replication_pad1d "
        "replication_pad2d replication_pad3d",
        data="self",
        unless=pads_otherwise,
    ),
    Op("blanks", "zeros_like ones_like full_like empty_like new_zeros new_ones new_full new_empty zero", shape="self"),
    Op("writes", "fill", data="value", shape="self"),
    Op("writes", "copy", data="src", shape="self"),
    Op("writes", "slice_scatter select_scatter diagonal_scatter", data="self src"),
    Op("chooses", "where", data="self other", choice="condition", analog="function"),
    Op("chooses", "masked_fill", data="self value", choice="mask", analog="function"),
    Op("chooses", "index_put _unsafe_index_put", data="self values", choice="indices"),
    Op("chooses", "index_fill", data="self value", choice="index"),
    Op("chooses", "index_add index_copy index_reduce", data="self source", choice="index", unless=reduces),
    Op("chooses", "scatter scatter_add scatter_reduce", data="self src", choice="index", unless=reduces),
    Op("chooses", "grid_sampler", data="input", choice="grid"),
    Op("chooses", "embedding", data="weight", choice="indices"),
    Op("sums", "mean sum", data="self input theta", counts="nothing"),
    Op(
        "sums",
        "sum_to_size cumsum col2im affine_grid_generator upsample_nearest1d upsample_nearest2d "
        "upsample_nearest3d _upsample_nearest_exact1d _upsample_nearest_exact2d _upsample_nearest_exact3d "
        "upsample_linear1d upsample_bilinear2d upsample_trilinear3d upsample_bicubic2d "
        "_upsample_bilinear2d_aa _upsample_bicubic2d_aa",
        data="self input theta",
    ),
    Op("sums", "avg_pool1d avg_pool2d avg_pool3d", data="self input theta", counts="pool"),
    Op(
        "sums",
        "adaptive_avg_pool1d adaptive_avg_pool2d adaptive_avg_pool3d",
        data="self input theta",
        counts="adaptive pool",
    ),
    Op("sums", "diff", data="self prepend append"),
    Op("terms", "add neg", data="self other", counts="nothing"),
    Op("terms", "sub", data="self other", analog="function", counts="nothing"),
    Op("terms", "rsub", data="self other"),
    Op("terms", "lerp", data="self end", fixed="weight", analog="gate"),
    Op(
        "layers",
        "conv1d conv2d conv3d conv_transpose1d conv_transpose2d conv_transpose3d convolution",
        data="bias",
        factor="input weight",
        counts="convolution",
    ),
    Op("layers", "linear", data="bias", factor="input weight", analog="product", counts="linear"),
    Op("layers", "bilinear", data="bias", factor="input1 input2 weight", analog="product"),
    Op(
        "layers",
        "batch_norm _native_batch_norm_legit_no_training",
        data="bias",
        factor="input weight",
        fixed="running_mean running_var",
        counts="norm",
    ),
    Op("products", "matmul mm bmm", factor="self other mat2", analog="product", counts="product"),
    Op("products", "tensordot inner", factor="self other mat2"),
    Op("products", "outer mv", factor="self vec vec2 x y"),
    Op("products", "linalg_vecdot", factor="self vec vec2 x y", analog="product"),
    Op("products", "einsum", factor="tensors", analog="product", counts="einsum"),
    Op(
        "products",
        "addmm baddbmm",
        data="self",
        factor="mat1 mat2 batch1 batch2",
        analog="product",
        counts="biased product",
    ),
    Op("products", "addbmm", data="self", factor="mat1 mat2 batch1 batch2"),
    Op("products", "addmv addr", data="self", factor="mat vec vec1 vec2"),
    Op("gates", "mul", factor="self other", analog="gate", counts="nothing"),
    Op("gates", "cross linalg_cross", factor="self other", analog="gate"),
    Op("gates", "addcmul", data="self", factor="tensor1 tensor2", analog="gate"),
    Op("quotients", "div", factor="self", fixed="other", unless=rounds, analog="gate", counts="nothing"),
    Op("quotients", "addcdiv", data="self", factor="tensor1", fixed="tensor2", analog="gate"),
    Op(
        "other",
        "layer_norm group_norm instance_norm rms_norm native_layer_norm _fused_rms_norm norm "
        "linalg_vector_norm linalg_norm var std var_mean std_mean cosine_similarity pairwise_distance cdist",
        analog="norm",
    ),
    Op("other", "softmax log_softmax _softmax _log_softmax logsumexp", analog="softmax"),
    Op("other", "scaled_dot_product_attention", analog="attention", counts="attention"),
    Op("other", "glu square prod cumprod", analog="gate"),
    Op(
        "other",
        "pow sqrt rsqrt exp exp2 expm1 log log2 log10 log1p reciprocal abs sin cos atan erf sinh cosh "
        "clamp_max maximum minimum fmax fmin amax amin max min aminmax topk sort median kthvalue nan_to_num",
        analog="function",
    ),
    Op("other", "clamp clamp_min", analog="function", counts="relu"),
    Op("other", "relu relu6 hardtanh threshold", counts="relu"),
    Op("other", "max_pool1d max_pool2d max_pool3d", counts="pool"),
    Op("other", "adaptive_max_pool1d adaptive_max_pool2d adaptive_max_pool3d", counts="adaptive pool"),
    Op("other", "dropout feature_dropout getitem sym_size", counts="nothing"),
)

for op in TABLE:
    register_op(op)
