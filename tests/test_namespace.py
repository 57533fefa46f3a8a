"""The public names: few, explicit, and not replaced by what is imported later."""

from __future__ import annotations

import importlib
import inspect
import subprocess
import sys

import pytest

import snnconv

PUBLIC = {
    "METHODS",
    "InputError",
    "Run",
    "SnnconvError",
    "SpikingNetwork",
    "UnsupportedModelError",
    "clip",
    "convert",
    "inspect",
    "load",
    "save",
}


def test_all() -> None:
    assert set(snnconv.__all__) == PUBLIC
    assert all(hasattr(snnconv, name) for name in PUBLIC)


def test_convert_is_the_function() -> None:
    assert inspect.isfunction(snnconv.convert)
    assert inspect.isfunction(snnconv.inspect)


@pytest.mark.parametrize(
    "module",
    [
        "snnconv.capture.capture",
        "snnconv.convert.api",
        "snnconv.convert.passes.spike",
        "snnconv.convert",
        "snnconv.neurons.sd",
    ],
)
@pytest.mark.parametrize("form", ["import {0}", "from {1} import {2}", "import {0}; import snnconv"])
def test_leaf_imports_do_not_replace_it(module: str, form: str) -> None:
    """`convert` is a function and a folder: importing the folder binds its name in the package, once, before ours.

    `import snnconv.convert.x as y` cannot work, as it goes through the attribute; `from snnconv.convert import x` does.
    """
    parent, _, leaf = module.rpartition(".")
    exec(form.format(module, parent, leaf), {})
    assert inspect.isfunction(snnconv.convert)
    assert inspect.isfunction(importlib.import_module("snnconv").convert)


def test_a_leaf_imported_first_leaves_the_function() -> None:
    code = "import snnconv.capture.capture, snnconv, inspect; assert inspect.isfunction(snnconv.convert)"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_importing_is_quiet_and_light() -> None:
    """No plotting, no command line and no export front end until they are needed."""
    code = (
        "import sys, snnconv\n"
        "late = {'matplotlib', 'click', 'onnx', 'pytorchvideo', 'timm'} & set(sys.modules)\n"
        "assert not late, late"
    )
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout == done.stderr == ""
