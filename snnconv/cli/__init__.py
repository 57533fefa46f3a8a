"""The `snnconv` command."""

from .main import main as main
