"""The picture of attention heat-maps: a row per image; the input, the ANN's map and the SNN's at every T."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

import matplotlib
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ..bench._attention.pictures import decode_picture
from .style import BLACK, ORANGE, WIDTH, picture

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from ..bench._attention import Attention
    from ..bench._attention.result import HeatMap

COLOURS = "inferno"  # rises in lightness, so that it reads in grey and with any colour vision
SIDE = 192  # pixels of the longer side of a cell: what a cell has on paper at 200 dpi
CELL_TEXT, TITLE, CAPTION = 0.17, 0.45, 0.17  # inches: a line under a cell, the column titles, a line of the caption
LEGEND = (
    " Under a map: the class named, in orange where it is not the ANN's, and r, the correlation with the ANN's map. "
    "Each map is scaled to its own maximum."
)
CHARACTERS = 12.8  # of the caption per inch at 10 pt


def plot_attention(attention: Attention, path: Path) -> None:
    """The input in colour, then the maps over it in grey; under each the class named and the similarity."""
    images, columns = attention.images, 2 + len(attention.similarity)
    width = max(WIDTH, 1.15 * columns)
    pictures = [enlarged(decode_picture(image.picture)) for image in images]
    caption = textwrap.wrap(attention.note + LEGEND, int(width * CHARACTERS))
    tallest = max(pixels.shape[0] / pixels.shape[1] for pixels in pictures)
    rows = len(images) * (width / columns * tallest + CELL_TEXT)
    with picture(path, width, TITLE + rows + CAPTION * (len(caption) + 1)) as figure:
        figure.get_layout_engine().set(w_pad=0.03, h_pad=0.06, wspace=0, hspace=0)  # type: ignore[union-attr]
        grid = figure.subplots(len(images), columns, squeeze=False)
        titles = ["input", "ANN"] + [
            f"SNN, T={mean.T}\nmean {similarity_text(mean.correlation)}" for mean in attention.similarity
        ]
        for axes, title in zip(grid[0], titles):
            axes.set_title(title, fontsize=10)
        for row, image, pixels in zip(grid, images, pictures):
            show(row[0], pixels, f"image {image.number}" if image.label is None else f"label {image.label}")
            show(row[1], overlaid(pixels, image.ann), f"class {image.target}")
            for axes, step in zip(row[2:], image.snn):
                text = f"{step.predicted} · {similarity_text(step.correlation)}"
                agrees = step.predicted == image.target
                show(axes, overlaid(pixels, step.map), text, BLACK if agrees else ORANGE)
        figure.supxlabel("\n".join(["", *caption]), fontsize=10, x=0.01, ha="left")


def show(axes: Axes, pixels: NDArray[np.uint8], text: str, colour: str = BLACK) -> None:
    axes.imshow(pixels)
    axes.set(xticks=[], yticks=[], anchor="N")  # constrained layout overlooks titles of axes that are not at the top
    axes.spines[:].set_visible(False)
    axes.set_xlabel(text, fontsize=10, color=colour, labelpad=2)


def enlarged(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """To `SIDE` pixels, smoothly."""
    height, width = pixels.shape[:2]
    factor = SIDE / max(height, width)
    size = (max(1, round(width * factor)), max(1, round(height * factor)))
    return np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.BICUBIC))


def overlaid(pixels: NDArray[np.uint8], heat: HeatMap) -> NDArray[np.uint8]:
    """The map's colours over the picture in grey, the more of them the hotter."""
    height, width = pixels.shape[:2]
    small = Image.fromarray(np.asarray(heat, dtype=np.float32))
    smooth = np.asarray(small.resize((width, height), Image.Resampling.BILINEAR))[..., None]
    grey = pixels.mean(-1, keepdims=True) / 255
    hot = matplotlib.colormaps[COLOURS](smooth[..., 0])[..., :3]
    share = 0.2 + 0.6 * smooth
    return ((1 - share) * grey * 255 + share * hot * 255).round().astype(np.uint8)


def similarity_text(correlation: float | None) -> str:
    return "r –" if correlation is None else f"r {correlation:.3f}"
