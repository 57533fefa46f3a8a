"""Packages whose names are imported when they are asked for: torch alone takes a second."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from importlib import import_module
from types import ModuleType
from typing import Any


class LazyPackage(ModuleType):
    """A folder below that has the name of a function (`convert`) does not take its place when it is imported."""

    public: Mapping[str, str]

    def __getattr__(self, name: str) -> Any:
        if name not in self.public:
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
        value = getattr(import_module(self.public[name], self.__name__), name)
        self.__dict__[name] = value
        return value

    def __setattr__(self, name: str, value: object) -> None:
        if name not in self.public or not isinstance(value, ModuleType):
            super().__setattr__(name, value)

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *self.public})


def lazily(package: str, public: Mapping[str, str]) -> None:
    """Let a package have names of the modules below it: {name: module, such as ".bench"}."""
    module = sys.modules[package]
    module.__dict__["public"] = public
    module.__class__ = LazyPackage
