"""Calibrate on training images, measure accuracy and spikes against time steps, and plot both.

    python examples/calibrate_sweep_plot.py

Compares the default method with plain integrate-and-fire neurons; writes one plot each into the current folder.
"""

from __future__ import annotations

from snnconv import convert
from snnconv.bench import sweep
from snnconv.data import open_data
from snnconv.models import fashion_cnn

STEPS = (1, 2, 4, 8)


def main() -> None:
    model = fashion_cnn(pretrained=True)
    train = open_data("fashion:train", batch_size=128)
    test = open_data("fashion:test", batch_size=100, limit=200)
    for method in ("auto", "if"):
        snn = convert(model, T=max(STEPS), data=train, method=method)
        result = sweep(snn, test, STEPS)
        result.plot(f"fashion_{method}.svg")
        print(f"{method}: ANN {result.ann_accuracy:.1f} %")
        for row in result.rows:
            print(f"  T={row.T}: {row.accuracy:.1f} %, {row.spikes_per_neuron:.2f} spikes per neuron and sample")
        rates = result.curves[0].site_rates
        busiest = max(rates, key=lambda site: rates[site])
        print(f"  most active site: {busiest}, {rates[busiest]:.2f} spikes per neuron and step")


if __name__ == "__main__":
    main()
