"""The files of a C program: net.h, net.c, main.c."""

from __future__ import annotations

import textwrap

import torch
from torch import Tensor

from .buffers import Buffer, placed
from .library import functions
from .lower import Program

WIDTH = 110
ONE = 2**30  # of the weights of outputs

HEADER = """/* A spiking network of whole numbers, made by snnconv. One sample at a time; no floats, no allocation.
 *
 * {told}
 */
#ifndef NET_H
#define NET_H
#include <stdint.h>

#define NET_INPUTS {inputs}   /* {shape} */
#define NET_OUTPUTS {outputs}
#define NET_T {T}
#define NET_WARM_UP {warm_up} /* steps before the first whose output counts */

#ifdef __cplusplus
extern "C" {{
#endif

{pixels}void net_begin(const int16_t *levels);   /* a new sample, of levels as snnconv rounds inputs to */
void net_step(void);                      /* one time step */
const int32_t *net_outputs(void);         /* what the last step gave; output i is worth unit[i] of net.json */
int net_class(void);                      /* the largest output so far; warm-up left out */
uint64_t net_operations(void);            /* synaptic operations, where compiled with -DNET_COUNT */

#ifdef __cplusplus
}}
#endif
#endif
"""
PIXELS = "void net_pixels(const uint8_t *pixels, int16_t *levels); /* an image of 8 bits, channel after channel */\n"

MAIN = """/* net [-p] FILE [T]: run every sample of a file, of levels (int16), or with -p of pixels (uint8). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "net.h"

int main(int argc, char **argv)
{{
    static int16_t levels[NET_INPUTS];
    const int pixels = argc > 1 && !strcmp(argv[1], "-p");
    const char *name = argc > 1 + pixels ? argv[1 + pixels] : NULL;
    const long steps = argc > 2 + pixels ? strtol(argv[2 + pixels], NULL, 10) : NET_T;
    FILE *file = name ? fopen(name, "rb") : NULL;
    if (!file || steps < 1) {{
        fprintf(stderr, "usage: %s [-p] FILE [T]\\n", argv[0]);
        return 2;
    }}
    for (;;) {{
{read}
        net_begin(levels);
        for (long t = 0; t < NET_WARM_UP + steps; t++) {{
            net_step();
            if (t < NET_WARM_UP)
                continue;
            for (int i = 0; i < NET_OUTPUTS; i++)
                printf("%ld ", (long)net_outputs()[i]);
            printf("\\n");
        }}
        printf("class %d\\n", net_class());
    }}
    printf("operations %llu\\n", (unsigned long long)net_operations());
    fclose(file);
    return 0;
}}
"""
READ_LEVELS = """        if (fread(levels, sizeof levels, 1, file) != 1)
            break;"""
READ_PIXELS = """        static uint8_t image[NET_INPUTS];
        if (pixels ? fread(image, sizeof image, 1, file) != 1 : fread(levels, sizeof levels, 1, file) != 1)
            break;
        if (pixels)
            net_pixels(image, levels);"""


def header(program: Program, shape: tuple[int, ...], T: int, warm_up: int, told: str, has_pixels: bool) -> str:
    assert program.input is not None
    assert program.output is not None
    return HEADER.format(
        told="\n * ".join(textwrap.wrap(told, WIDTH)), inputs=program.input.size, shape=" x ".join(map(str, shape)),
        outputs=program.output.size, T=T, warm_up=warm_up, pixels=PIXELS if has_pixels else "",
    )  # fmt: skip


def main_text(has_pixels: bool) -> str:
    if has_pixels:
        return MAIN.format(read=READ_PIXELS)
    return MAIN.format(read="        if (pixels)\n            return 2;\n" + READ_LEVELS)


def source(program: Program, pixels: Tensor | None) -> tuple[str, int, int]:
    """net.c, and its bytes of constants and of memory.

    Args:
        pixels: levels of every pixel value, [C, 256].
    """
    buffers = program.memory.buffers
    own = [b for b in buffers if b.kind != "step" and b is not program.input]
    flash, ram = 0, sum(b.bytes for b in own) + (program.input.bytes if program.input else 0)
    parts = ['#include <stddef.h>\n#include <string.h>\n#include "net.h"\n', counting(program)]
    tables = dict(program.tables)
    assert program.output is not None
    unit = program.unit.double().flatten()
    tables["net_worth"] = ("int32_t", (unit / unit.abs().max() * ONE).round().long())
    if pixels is not None:
        tables["net_levels"] = ("int16_t", pixels.flatten())
    for name, (ctype, values) in tables.items():
        flash += len(values) * int(ctype[3:-2]) // 8
        parts.append(table_text(name, ctype, values))
    parts.append(functions(program.functions))
    parts += [f"static {b.ctype} {b.name}[{b.size}];\n" for b in own]
    assert program.input is not None
    parts.append(f"static int16_t {program.input.name}[NET_INPUTS];\n")
    for ctype in ("int8_t", "int16_t", "int32_t"):
        shared = [b for b in buffers if b.kind == "step" and b.ctype == ctype]
        offsets, length = placed(shared)
        if length:
            parts.append(f"static {ctype} net_{ctype}[{length}]; /* shared by what lives within a step */\n")
            ram += length * int(ctype[3:-2]) // 8
        parts += [f"#define {name} (net_{ctype} + {offset})\n" for name, offset in offsets.items()]
    parts.append("static int64_t net_sums[NET_OUTPUTS];\nstatic int32_t net_done;\n")
    parts += events_text([b for b in buffers if b.is_spikes])
    parts.append(bodies(program, pixels))
    return "\n".join(parts), flash, ram + 8 * program.output.size + 4


def counting(program: Program) -> str:
    return (
        "#ifdef NET_COUNT\n#define NET_COUNTED(...) __VA_ARGS__\n#define NET_E(b) e_##b\n#else\n"
        "#define NET_COUNTED(...)\n#define NET_E(b) ((int32_t *)NULL)\n#endif\nstatic uint64_t net_ops;\n"
    )


def events_text(buffers: list[Buffer]) -> list[str]:
    if not buffers:
        return []
    return ["#ifdef NET_COUNT\n" + "".join(f"static int32_t e_{b.name}[{b.size}];\n" for b in buffers) + "#endif\n"]


def table_text(name: str, ctype: str, values: Tensor) -> str:
    body = textwrap.fill(", ".join(map(str, values.tolist())), WIDTH, break_long_words=False)
    return f"static const {ctype} {name}[{len(values)}] = {{\n{textwrap.indent(body, '    ')}\n}};\n"


def bodies(program: Program, pixels: Tensor | None) -> str:
    assert program.output is not None
    assert program.input is not None

    def block(statements: list[str]) -> str:
        return "".join(f"    {statement}\n" for statement in statements)

    look_up = "" if pixels is None else (
        "\nvoid net_pixels(const uint8_t *pixels, int16_t *levels)\n{\n"
        f"    for (int32_t i = 0; i < NET_INPUTS; i++)\n"
        f"        levels[i] = net_levels[i / (NET_INPUTS / {len(pixels)}) * 256 + pixels[i]];\n}}\n"
    )  # fmt: skip
    return f"""{look_up}
void net_begin(const int16_t *levels)
{{
    memcpy({program.input.name}, levels, sizeof {program.input.name});
    memset(net_sums, 0, sizeof net_sums);
    net_done = 0;
{block(program.reset)}{block(program.begin)}}}

void net_step(void)
{{
{block(program.step)}    if (net_done++ >= NET_WARM_UP)
        for (int i = 0; i < NET_OUTPUTS; i++)
            net_sums[i] += {program.output.name}[i];
}}

const int32_t *net_outputs(void)
{{
    return {program.output.name};
}}

int net_class(void)
{{
    int best = 0;
    for (int i = 1; i < NET_OUTPUTS; i++)
        if (net_sums[i] * net_worth[i] > net_sums[best] * net_worth[best])
            best = i;
    return best;
}}

uint64_t net_operations(void)
{{
    return net_ops;
}}
"""


def pixel_levels(step: Tensor, low: int, high: int, mean: list[float], std: list[float]) -> Tensor:
    """[C, 256]: the level of every value of a pixel, as images are normalised and rounded."""
    pixels = torch.arange(256, dtype=torch.float32) / 255
    means, stds = (torch.tensor(values, dtype=torch.float32)[:, None] for values in (mean, std))
    normalized = (pixels - means) / stds
    steps = step.double().flatten()
    scale = steps.expand(len(means)) if steps.numel() == 1 else steps
    return (normalized.double() / scale[:, None]).round().clamp(low, high).long()
