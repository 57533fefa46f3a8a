"""How the spiking branch of ReSpike looks at the key frame: cross-attention at every step."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

HEAD_WIDTH = 32
GROUPS, EPSILON = 32, 1e-6  # of GroupNorm
WIDER = 4  # the feed-forward layer


class Attention(nn.Module):
    """softmax(q kᵀ/√32) v in heads of 32 channels: tokens [B, n, C], context [B, m, C'] → [B, n, C]."""

    def __init__(self, channels: int, context: int) -> None:
        super().__init__()
        self.q = nn.Linear(channels, channels, bias=False)
        self.k = nn.Linear(context, channels, bias=False)
        self.v = nn.Linear(context, channels, bias=False)
        self.out = nn.Linear(channels, channels)

    def forward(self, x: Tensor, context: Tensor) -> Tensor:
        q, k, v = heads(self.q(x)), heads(self.k(context)), heads(self.v(context))
        return self.out(F.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2))

    def weights(self, x: Tensor, context: Tensor) -> Tensor:
        """softmax(q kᵀ/√32), how much every token of x attends to every one of the context: [B, heads, n, m]."""
        q, k = heads(self.q(x)), heads(self.k(context))
        return (q @ k.transpose(-2, -1) * HEAD_WIDTH**-0.5).softmax(-1)


def heads(tokens: Tensor) -> Tensor:
    """[B, n, C] → [B, heads, n, 32]."""
    return tokens.unflatten(-1, (-1, HEAD_WIDTH)).transpose(1, 2)


class GatedFeedForward(nn.Module):
    """GEGLU: W₂(a · gelu(b)), a and b the halves of W₁x, four times as wide each.

    Source: Shazeer, "GLU Variants Improve Transformer", arXiv:2002.05202.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.wide = nn.Linear(channels, 2 * WIDER * channels)
        self.back = nn.Linear(WIDER * channels, channels)

    def forward(self, x: Tensor) -> Tensor:
        value, gate = self.wide(x).chunk(2, -1)
        return self.back(value * F.gelu(gate))


class Fusion(nn.Module):
    """One transformer block on the tokens of a map, whose result is added to them:

        p = pooled x;  z = proj_in(GroupNorm(p))
        z ← z + self(LN z);  z ← z + cross(LN z, key frame);  z ← z + GEGLU(LN z)
        y = p + proj_out(z), enlarged to the size of x

    Where tokens are patches the fine map does not pass: what goes on is the pooled one, enlarged. proj_out begins at
    zero: untrained, the spiking branch does not see the key frame.

    Args:
        channels: C of the spiking branch. context: C' of the ANN's map.
        pool: side of the patches that make one token; maps are enlarged again, bilinearly.
        cross: False leaves the cross-attention out.
    """

    def __init__(self, channels: int, context: int, pool: int, cross: bool = True) -> None:
        super().__init__()
        self.pool = pool
        self.norm = nn.GroupNorm(GROUPS, channels, EPSILON)
        self.proj_in = nn.Conv2d(channels, channels, 1)
        self.norm_self, self.self_attention = nn.LayerNorm(channels), Attention(channels, channels)
        self.norm_cross = nn.LayerNorm(channels) if cross else None
        self.cross_attention = Attention(channels, context) if cross else None
        self.norm_forward, self.feed_forward = nn.LayerNorm(channels), GatedFeedForward(channels)
        self.proj_out = nn.Conv2d(channels, channels, 1)
        nn.init.zeros_(self.proj_out.weight)
        assert self.proj_out.bias is not None
        nn.init.zeros_(self.proj_out.bias)

    def forward(self, x: Tensor, key: Tensor) -> Tensor:
        """x [B·steps, C, H, W], key [B, C', H, W] of the same size → [B·steps, C, H, W]."""
        small = self.tokens(x)
        z = self.proj_in(self.norm(small)).flatten(2).transpose(1, 2)
        normal = self.norm_self(z)
        z = z + self.self_attention(normal, normal)
        if self.cross_attention is not None and self.norm_cross is not None:
            context = self.tokens(key).flatten(2).transpose(1, 2)
            every_step = context.repeat_interleave(x.shape[0] // key.shape[0], 0)  # the same key frame at each step
            z = z + self.cross_attention(self.norm_cross(z), every_step)
        z = z + self.feed_forward(self.norm_forward(z))
        small = small + self.proj_out(z.transpose(1, 2).unflatten(2, small.shape[2:]))
        return F.interpolate(small, x.shape[2:], mode="bilinear") if self.pool > 1 else small

    def tokens(self, x: Tensor) -> Tensor:
        """The map pooled to its tokens; a border narrower than a patch makes tokens of its own."""
        height, width = (-(-side // self.pool) for side in x.shape[2:])
        return F.adaptive_avg_pool2d(x, (height, width)) if self.pool > 1 else x
