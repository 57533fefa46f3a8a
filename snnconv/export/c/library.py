"""The C functions that networks call, by family; {s} are the bits of what is read, {w} of weights or results."""

from __future__ import annotations

FAMILIES = {
    "net_move": """
static inline void net_move_{s}_{w}(int32_t n, const int32_t *to, const int32_t *from, const int{s}_t *in,
    int{w}_t *out)
{{
    for (int32_t i = 0; i < n; i++)
        out[to[i]] = (int{w}_t)in[from[i]];
}}
""",
    "net_widen": """
static inline void net_widen_{s}(int32_t n, const int{s}_t *in, int32_t *out)
{{
    for (int32_t i = 0; i < n; i++)
        out[i] = in[i];
}}
""",
    "net_linear": """
/* out = bias + W in, row by row; only what is not 0 is multiplied */
static inline void net_linear_{s}_{w}(int32_t rows, int32_t inputs, int32_t outputs, const int{w}_t *weight,
    const int32_t *bias, const int{s}_t *in, int32_t *out, const int32_t *events)
{{
    for (int32_t r = 0; r < rows; r++, in += inputs, out += outputs) {{
        for (int32_t o = 0; o < outputs; o++)
            out[o] = bias ? bias[o] : 0;
        for (int32_t f = 0; f < inputs; f++) {{
            const int32_t x = in[f];
            if (!x)
                continue;
            for (int32_t o = 0; o < outputs; o++)
                out[o] += x * weight[(size_t)o * (size_t)inputs + (size_t)f];
        }}
        if (events) {{
            for (int32_t f = 0; f < inputs; f++)
                net_ops += (uint64_t)events[f] * (uint64_t)outputs;
            events += inputs;
        }}
    }}
}}
""",
    "net_conv": """
/* A convolution, or a transposed one, as its input sees it: what is not 0 is added to all outputs that it reaches. */
static inline void net_conv_{s}_{w}(const int32_t *g, const int{w}_t *weight, const int32_t *bias, const int{s}_t *in,
    int32_t *out, const int32_t *events)
{{
    const int32_t inputs = g[0], outputs = g[1], groups = g[2];
    const int32_t *size = g + 3, *result = g + 6, *kernel = g + 9, *stride = g + 12, *pad = g + 15, *apart = g + 18;
    const int32_t transposed = g[21], in_group = inputs / groups, out_group = outputs / groups;
    const int32_t area = result[0] * result[1] * result[2], taps = kernel[0] * kernel[1] * kernel[2];
    for (int32_t o = 0; o < outputs; o++)
        for (int32_t i = 0; i < area; i++)
            out[o * area + i] = bias ? bias[o] : 0;
    for (int32_t c = 0; c < inputs; c++)
    for (int32_t y0 = 0; y0 < size[0]; y0++)
    for (int32_t y1 = 0; y1 < size[1]; y1++)
    for (int32_t y2 = 0; y2 < size[2]; y2++) {{
        const int32_t at = ((c * size[0] + y0) * size[1] + y1) * size[2] + y2, x = in[at];
        if (!x && !(events && events[at]))
            continue;
        const int32_t first = c / in_group * out_group;
        int32_t tap = 0, reached = 0;
        for (int32_t a = 0; a < kernel[0]; a++)
        for (int32_t b = 0; b < kernel[1]; b++)
        for (int32_t d = 0; d < kernel[2]; d++, tap++) {{
            const int32_t t0 = net_target(y0, a, 0, result, stride, pad, apart, transposed);
            const int32_t t1 = net_target(y1, b, 1, result, stride, pad, apart, transposed);
            const int32_t t2 = net_target(y2, d, 2, result, stride, pad, apart, transposed);
            if (t0 < 0 || t1 < 0 || t2 < 0)
                continue;
            reached += out_group;
            int32_t *target = out + first * area + (t0 * result[1] + t1) * result[2] + t2;
            for (int32_t o = 0; o < out_group; o++, target += area) {{
                const int32_t row = transposed ? c * out_group + o : (first + o) * in_group + c % in_group;
                *target += x * weight[(size_t)row * (size_t)taps + (size_t)tap];
            }}
        }}
        if (events)
            net_ops += (uint64_t)events[at] * (uint64_t)reached;
    }}
}}
""",
    "net_fire": """
/* m = v + I; spikes; v = m - spikes * threshold. Parameters are one, one a channel or one a neuron. */
static inline void net_fire_{s}(int32_t n, const int32_t *in, int32_t *v, int32_t *low, int32_t *drive,
    const int32_t *theta, int32_t thetas, const int32_t *offset, int32_t offsets, const int32_t *most, int32_t mosts,
    const int32_t *extra, int32_t extras, int32_t beta, int32_t down, int rounding, int gate, int code,
    int{s}_t *out, int32_t *events)
{{
    for (int32_t i = 0; i < n; i++) {{
        const int32_t c = in[i] + (offset ? offset[i / (n / offsets)] : 0), m = v[i] + c, th = theta[i / (n / thetas)];
        int32_t w;
        if (rounding == 0)
            w = m >= th;
        else if (rounding == 1)
            w = m > th;
        else if (rounding == 2)
            w = m / th;
        else if (rounding == 3)
            w = net_floor(m, th);
        else {{
            const int32_t top = most ? most[i / (n / mosts)] : beta;
            int32_t k = net_floor(2 * m - th, 2 * th);
            k = k > top - 1 ? top - 1 : k;
            k = k < -beta - 1 ? -beta - 1 : k;
            w = (int64_t)m - (int64_t)(k + 1) * th >= (int64_t)extra[i / (n / extras)] * net_rise(k) ? k + 1 : k;
        }}
        if (gate == 0)
            w = w < 0 ? 0 : w > beta ? beta : w;
        else if (gate == 1) {{
            w = w < low[i] ? low[i] : w;
            w = w < -down ? -down : w > beta ? beta : w;
        }} else {{
            drive[i] = net_limited(drive[i] + c);
            w = w < -down ? -down : w > beta ? beta : w;
            w = drive[i] <= 0 && w < 0 ? 0 : w;
        }}
        v[i] = net_limited(m - w * th);
        if (low)
            low[i] -= w;
        out[i] = (int{s}_t)w;
        if (events)
            events[i] = net_events(w, code);
    }}
}}
""",
    "net_affine": """
static inline void net_affine_{s}(int32_t n, const int{s}_t *in, const int32_t *factor, int32_t factors,
    const int32_t *term, int32_t terms, const int32_t *base, int32_t *out)
{{
    for (int32_t i = 0; i < n; i++)
        out[i] = in[i] * factor[i / (n / factors)] + (term ? term[i / (n / terms)] : 0) + (base ? base[i] : 0);
}}
""",
    "net_sum_pool": """
static inline void net_sum_pool_{s}(const int32_t *g, const int{s}_t *in, int32_t *out)
{{
    const int32_t *size = g + 1, *result = g + 4, *kernel = g + 7, *stride = g + 10, *pad = g + 13;
    for (int32_t c = 0; c < g[0]; c++)
    for (int32_t t0 = 0; t0 < result[0]; t0++)
    for (int32_t t1 = 0; t1 < result[1]; t1++)
    for (int32_t t2 = 0; t2 < result[2]; t2++) {{
        int32_t sum = 0;
        for (int32_t a = 0; a < kernel[0]; a++)
        for (int32_t b = 0; b < kernel[1]; b++)
        for (int32_t d = 0; d < kernel[2]; d++) {{
            const int32_t y0 = t0 * stride[0] - pad[0] + a, y1 = t1 * stride[1] - pad[1] + b;
            const int32_t y2 = t2 * stride[2] - pad[2] + d;
            if (y0 >= 0 && y1 >= 0 && y2 >= 0 && y0 < size[0] && y1 < size[1] && y2 < size[2])
                sum += in[((c * size[0] + y0) * size[1] + y1) * size[2] + y2];
        }}
        *out++ = sum;
    }}
}}
""",
    "net_max_pool": """
/* The maximum of sums so far, less what was sent of it before. */
static inline void net_max_pool_{s}(const int32_t *g, const int{s}_t *in, int32_t *total, int32_t *given, int code,
    int32_t *out, int32_t *events)
{{
    const int32_t *size = g + 1, *result = g + 4, *kernel = g + 7, *stride = g + 10, *pad = g + 13, *apart = g + 16;
    const int32_t n = g[0] * size[0] * size[1] * size[2];
    for (int32_t i = 0; i < n; i++)
        total[i] += in[i];
    for (int32_t c = 0; c < g[0]; c++)
    for (int32_t t0 = 0; t0 < result[0]; t0++)
    for (int32_t t1 = 0; t1 < result[1]; t1++)
    for (int32_t t2 = 0; t2 < result[2]; t2++) {{
        int32_t most = INT32_MIN;
        for (int32_t a = 0; a < kernel[0]; a++)
        for (int32_t b = 0; b < kernel[1]; b++)
        for (int32_t d = 0; d < kernel[2]; d++) {{
            const int32_t y0 = t0 * stride[0] - pad[0] + a * apart[0], y1 = t1 * stride[1] - pad[1] + b * apart[1];
            const int32_t y2 = t2 * stride[2] - pad[2] + d * apart[2];
            if (y0 >= 0 && y1 >= 0 && y2 >= 0 && y0 < size[0] && y1 < size[1] && y2 < size[2]) {{
                const int32_t x = total[((c * size[0] + y0) * size[1] + y1) * size[2] + y2];
                most = x > most ? x : most;
            }}
        }}
        *out = most - *given;
        *given++ = most;
        if (events)
            *events++ = net_events(*out, code);
        out++;
    }}
}}
""",
    "net_row_sums": """
static inline void net_row_sums_{s}(int32_t rows, int32_t inner, const int{s}_t *in, int32_t *out)
{{
    for (int32_t r = 0; r < rows; r++) {{
        out[r] = 0;
        for (int32_t i = 0; i < inner; i++)
            out[r] += *in++;
    }}
}}
""",
    "net_requantise": """
/* Fewer bits; what is cut off stays for the next step. */
static inline void net_requantise_{s}(int32_t n, int shift, const int{s}_t *in, int32_t *rest, int32_t *out)
{{
    for (int32_t i = 0; i < n; i++) {{
        const int32_t total = rest[i] + in[i];
        out[i] = net_floor(total, (int32_t)1 << shift);
        rest[i] = total - out[i] * ((int32_t)1 << shift);
    }}
}}
""",
}

COMMON = """
static inline int32_t net_floor(int32_t a, int32_t b) /* a / b, rounded down, b > 0 */
{
    return a / b - (a % b < 0);
}

static inline int32_t net_limited(int32_t v) /* potentials have 24 bits */
{
    const int32_t limit = (int32_t)1 << 23;
    return v < -limit ? -limit : v > limit ? limit : v;
}

static inline int32_t net_ones(uint32_t k)
{
    int32_t n = 0;
    for (; k; k &= k - 1)
        n++;
    return n;
}

/* what a spike of k costs: |k|, its ones, or the digits of its non-adjacent form */
static inline int32_t net_events(int32_t k, int code)
{
    const uint32_t size = (uint32_t)(k < 0 ? -k : k);
    return code == 0 ? (int32_t)size : code == 1 ? net_ones(size) : net_ones(size ^ (3 * size));
}

/* digits of k + 1 less those of k */
static inline int32_t net_rise(int32_t k)
{
    const uint32_t odd = (uint32_t)k & 1u, upper = 0xAAAAAAAAu;
    const uint32_t other = (uint32_t)k ^ (odd ? ~upper : upper), lowest = other & (0u - other);
    return lowest & upper ? (odd ? -1 : 1) : 0;
}

static inline void net_start(int32_t n, const int32_t *from, int32_t count, int32_t *to)
{
    for (int32_t i = 0; i < n; i++)
        to[i] = from[i / (n / count)];
}

/* where the tap at a of a kernel puts the input at y, in dimension d; -1: nowhere */
static inline int32_t net_target(int32_t y, int32_t a, int d, const int32_t *result,
    const int32_t *stride, const int32_t *pad, const int32_t *apart, int32_t transposed)
{
    int32_t t = transposed ? y * stride[d] - pad[d] + a * apart[d] : y + pad[d] - a * apart[d];
    if (!transposed) {
        if (t < 0 || t % stride[d])
            return -1;
        t /= stride[d];
    }
    return t < 0 || t >= result[d] ? -1 : t;
}
"""


def functions(names: set[str]) -> str:
    """The texts of what is called, each once."""
    found = []
    for family, text in FAMILIES.items():
        for name in sorted(names):
            bits = name.removeprefix(f"{family}_").split("_") if name.startswith(f"{family}_") else []
            if bits and all(part.isdigit() for part in bits):
                found.append(text.format(s=bits[0], w=bits[-1]))
    return COMMON + "".join(found)
