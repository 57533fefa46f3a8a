"""The public names: few, explicit, and not replaced by what is imported later."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import subprocess
import sys
from pathlib import Path

import pytest

import snnconv
import snnconv.methods

FUNCTIONS = {"spiking_parts",
    "clip", "compare", "convert", "diagnose", "energy", "finetune", "inspect", "latency", "load", "open_data",
    "open_model", "report", "save", "sweep", "train", "tune", "verify",
}  # fmt: skip
OTHERS = {"METHODS", "InputError", "Run", "SnnconvError", "SpikingNetwork", "UnsupportedModelError"}
GIVEN = {"snnconv.convert"}  # a folder with the name of a function


def test_all() -> None:
    assert set(snnconv.__all__) == FUNCTIONS | OTHERS
    assert all(inspect.isfunction(getattr(snnconv, name)) for name in FUNCTIONS)
    assert all(hasattr(snnconv, name) for name in OTHERS)
    assert set(snnconv.__all__) <= set(dir(snnconv))
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = snnconv.nothing  # type: ignore[attr-defined]


def test_what_type_checkers_see_is_what_there_is() -> None:
    for package, public in (("snnconv", snnconv.__all__), ("snnconv.methods", snnconv.methods.__all__)):
        source = Path(str(importlib.import_module(package).__file__)).read_text(encoding="utf-8")
        block = source.partition("if TYPE_CHECKING:\n")[2].partition("\n\n")[0]
        assert sorted(line.rpartition(" as ")[2] for line in block.splitlines()) == sorted(public)


def test_no_module_is_hidden_by_a_function_of_its_name() -> None:
    """`import snnconv.x.y as z` gives the module y, whatever x exports."""
    hidden = set()
    for found in pkgutil.walk_packages(snnconv.__path__, "snnconv."):
        if found.name.endswith(".__main__"):
            continue
        module = importlib.import_module(found.name)
        parent, _, name = found.name.rpartition(".")
        if getattr(importlib.import_module(parent), name) is not module:
            hidden.add(found.name)
    assert hidden == GIVEN


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
        "late = {'matplotlib', 'click', 'onnx', 'pytorchvideo', 'timm', 'torch', 'torchvision'} & set(sys.modules)\n"
        "assert not late, late"
    )
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout == done.stderr == ""
