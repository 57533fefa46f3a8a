"""What every exported file says of itself."""

from __future__ import annotations

import json
from importlib.metadata import version
from typing import Any

from ..network import SpikingNetwork
from ..provenance import command_line, provenance

PRODUCER = "snnconv"


def about(snn: SpikingNetwork, T: int, **more: Any) -> dict[str, str]:
    """{key: text}: T, warm-up, settings, normalisation and where it is from; what is no text as JSON."""
    facts: dict[str, Any] = {
        "snnconv": version("snnconv"),
        "T": T,
        "warm_up": snn.warm_up,
        "method": str(snn.plan.settings.get("method", "")),
        "settings": {key: value for key, value in snn.plan.settings.items() if key != "input_reach"},
        "normalization": snn.plan.normalization,
        "input_shapes": snn.plan.input_shapes,
        "provenance": {**snn.plan.provenance, "exported": provenance(0), "command": command_line()},
        **more,
    }
    return {key: value if isinstance(value, str) else json.dumps(value, default=str) for key, value in facts.items()}
