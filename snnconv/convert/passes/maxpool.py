"""`maxpool="avg"`: average pooling in place of max pooling, as the SDM paper does before fine-tuning."""

from __future__ import annotations

from torch import fx, nn

from ...errors import InputError
from ...graph.graphs import graph_pass, module_calls, own_module

REPLACEMENTS: dict[type[nn.Module], type[nn.Module]] = {
    nn.MaxPool1d: nn.AvgPool1d,
    nn.MaxPool2d: nn.AvgPool2d,
    nn.MaxPool3d: nn.AvgPool3d,
}
ADAPTIVE: dict[type[nn.Module], type[nn.Module]] = {
    nn.AdaptiveMaxPool1d: nn.AdaptiveAvgPool1d,
    nn.AdaptiveMaxPool2d: nn.AdaptiveAvgPool2d,
    nn.AdaptiveMaxPool3d: nn.AdaptiveAvgPool3d,
}


@graph_pass
def average_maxpools(graph_module: fx.GraphModule) -> fx.GraphModule:
    """AvgPool of the same kernel, stride and padding; padding does not count into the average.

    Raises:
        InputError: a dilated max pooling, which has no average counterpart.
    """
    for node, pool in module_calls(graph_module, *REPLACEMENTS):
        dilation = pool.dilation if isinstance(pool.dilation, tuple) else (pool.dilation,)
        if any(step != 1 for step in dilation):
            raise InputError(
                f"max pooling {node.target} is dilated: no average pooling does the same",
                remedy="use maxpool='exact'",
            )
        settings = {"ceil_mode": pool.ceil_mode, "count_include_pad": False}
        average = REPLACEMENTS[type(pool)](pool.kernel_size, pool.stride, pool.padding, **settings)
        own_module(graph_module, node, average)
    for node, pool in module_calls(graph_module, *ADAPTIVE):
        own_module(graph_module, node, ADAPTIVE[type(pool)](pool.output_size))
    return graph_module
