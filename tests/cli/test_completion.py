"""TAB: the shell asks for what can follow, and does not wait for torch."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from snnconv.cli.commands import COMMANDS


def completed(*words: str) -> set[str]:
    """What a shell is offered for the last word."""
    environment = {**os.environ, "_SNNCONV_COMPLETE": "bash_complete", "COMP_WORDS": " ".join(("snnconv", *words)),
                   "COMP_CWORD": str(len(words))}  # fmt: skip
    line = [sys.executable, "-m", "snnconv"]
    done = subprocess.run(line, env=environment, check=True, capture_output=True, text=True)
    assert done.stderr == ""
    return {answer.partition(",")[2] for answer in done.stdout.splitlines()}


def test_commands() -> None:
    assert completed("t") == {"train", "tune"}


def test_options() -> None:
    assert {"--data", "--T", "--alpha"} <= completed("sweep", "--")


@pytest.mark.parametrize("line", [["--help"], *([command.name, "--help"] for command in COMMANDS)], ids=" ".join)
def test_help_does_not_wait_for_torch(line: list[str]) -> None:
    code = (
        "import sys\nfrom snnconv.cli.main import cli\n"
        f"try: cli.main({line!r}, prog_name='snnconv')\nexcept SystemExit: pass\n"
        "slow = {'torch', 'numpy', 'matplotlib', 'scipy'} & set(sys.modules)\nassert not slow, slow"
    )
    subprocess.run([sys.executable, "-c", code], check=True, stdout=subprocess.DEVNULL)
