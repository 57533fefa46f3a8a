"""The packages of the `onnx` extra, imported where they are needed."""

from __future__ import annotations

from typing import Any

from ..importing import import_quietly, required

REMEDY = 'pip install "snnconv[onnx]"'


def require_onnx() -> Any:
    """The package onnx, which reads the format.

    Raises:
        InputError: it is not installed.
    """
    return required("onnx", "ONNX files need", REMEDY)


def onnxruntime() -> Any | None:
    """The package onnxruntime, with which what was read is compared; None where it is not installed."""
    try:
        return import_quietly("onnxruntime")
    except ImportError:
        return None
