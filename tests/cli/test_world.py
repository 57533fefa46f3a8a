"""What the world does to a command: full disks, closed streams, signals, consoles without our letters, second runs."""

from __future__ import annotations

import json
import os
import re
import signal
import stat
import time
from collections.abc import Callable
from pathlib import Path

import pytest

import snnconv.cli.work
import snnconv.opening.conversion
from snnconv.cli.commands import COMMANDS
from snnconv.cli.main import SHARING
from snnconv.files import alone_in
from snnconv.files.leftovers import PREFIX

from .conftest import Command, Outcome
from .forked import Forks

ONE_ERROR = re.compile(r"(note: [^\n]*\n)*error: [^\n]+\n(  (expected|got|where|remedy): [^\n]*\n)*")
NET = ("--input-shape", "1,8,8")


def data(files: Path) -> tuple[str, ...]:
    return "--data", f"npz:{files}/data.npz"


# command → its arguments, and what it writes
WRITING: dict[str, Callable[[Path], tuple[object, ...]]] = {
    "convert": lambda files: ("convert", files / "net.pt", *NET, "-o", "out/net.snn.pt2"),
    "energy": lambda files: ("energy", files / "snn.pt2", *data(files), "-o", "out"),
    "verify": lambda files: ("verify", files / "net.pt", *NET, "--T", "4", "-o", "out"),
    "sweep": lambda files: ("sweep", files / "snn.pt2", *data(files), "--T", "1,2", "-o", "out"),
    "compare": lambda files: ("compare", files / "net.pt", *NET, *data(files), "--methods", "if", "--T", "1",
                                 "-o", "c"),
    "tune": lambda files: ("tune", files / "net.pt", *NET, "--data", f"npz:{files}/many.npz", "--budget-spikes", "1",
                           "--T", "1", "--calib-limit", "20", "--choose-limit", "70", "-o", "out"),
    "diagnose": lambda files: ("diagnose", files / "snn.pt2", *data(files), "-o", "out"),
    "latency": lambda files: ("latency", files / "snn.pt2", *data(files), "-o", "out"),
    "robustness": lambda files: ("robustness", files / "snn.pt2", *data(files), "-o", "out"),
    "finetune": lambda files: ("finetune", files / "net.pt", *NET, *data(files), "--val", f"npz:{files}/data.npz",
                               "--epochs", "1", "--folder", "f", "-o", "out/f.pt2"),
    "report": lambda files: ("report", "out", "-o", "out/page.html"),
}  # fmt: skip


def contents(folder: str = "out") -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(Path(folder).iterdir())}


SAMPLE = ("convert", "energy", "report")


@pytest.mark.parametrize("names", [SAMPLE, pytest.param(tuple(WRITING), marks=pytest.mark.slow)], ids=["sample", "all"])
def test_a_full_disk(names: tuple[str, ...], forks: Forks, files: Path) -> None:
    """Files that may not grow stand for one. One error each, what was there is whole, and nothing else is left."""
    Path("out").mkdir()
    chosen = {name: WRITING[name] for name in names}
    for name, arguments in chosen.items():
        assert forks(arguments(files), "log").code in (0, 1), (name, Path("log").read_text())
    assert PREFIX not in "".join(before := contents())
    for name, arguments in chosen.items():
        log = Path(f"{name}.log")
        assert forks([*arguments(files), "--overwrite"], log, size=1500).code == 2, log.read_text()
        assert ONE_ERROR.fullmatch(log.read_text()), log.read_text()
        assert "File too large" in log.read_text()
        kept = {key: value for key, value in contents().items() if key != "sweep.jsonl"}  # which is begun again
        assert kept == {key: value for key, value in before.items() if key != "sweep.jsonl"}, name


def raising(error: BaseException) -> Callable[..., None]:
    def convert(*_: object, **__: object) -> None:
        raise error

    return convert


FAULTS: dict[str, tuple[BaseException, str]] = {
    "memory": (MemoryError(), "not enough memory"),
    "memory of torch": (RuntimeError("DefaultCPUAllocator: can't allocate memory: 8 GB"), "not enough memory"),
    "recursion": (RecursionError("maximum recursion depth exceeded"), "nested too deeply"),
    "encoding": (UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte"), "invalid start byte"),
    "disk": (OSError(5, "Input/output error", "/data/x.npz"), "where: /data/x.npz"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_faults_of_the_system(fault: str, command: Command, files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    error, said = FAULTS[fault]
    monkeypatch.setattr(snnconv.opening.conversion, "convert", raising(error))
    ended = command("convert", files / "net.pt")
    assert (ended.code, ended.out) == (2, "")
    assert ONE_ERROR.fullmatch(ended.err), ended.err
    assert said in ended.err
    assert os.listdir() == []
    ended = command("convert", files / "net.pt", "--debug")
    assert ended.code == 2
    assert ended.err.startswith("Traceback")


def test_faults_of_this_program_are_no_faults_of_the_system(
    command: Command, files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(snnconv.opening.conversion, "convert", raising(AssertionError("ours")))
    with pytest.raises(AssertionError, match="ours"):
        command("convert", files / "net.pt")


@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP"])
def test_signals_end_a_command_as_ctrl_c_does(
    name: str, command: Command, files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = getattr(signal, name)

    def convert(*_: object, **__: object) -> None:
        assert len(os.listdir()) == 1  # the temporary
        os.kill(os.getpid(), number)
        time.sleep(10)
        pytest.fail("went on")

    monkeypatch.setattr(snnconv.opening.conversion, "convert", convert)
    before = signal.signal(number, signal.SIG_DFL)  # the tests themselves may run under nohup
    ended = command("convert", files / "net.pt")
    after = signal.signal(number, before)
    assert ended == Outcome(128 + number, "", f"interrupted by {name}\n")
    assert os.listdir() == []
    assert after is signal.SIG_DFL


def test_a_signal_that_was_ignored_from_outside_stays_so(
    command: Command, files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As `nohup` does."""

    def convert(*_: object, **__: object) -> None:
        os.kill(os.getpid(), signal.SIGHUP)
        raise MemoryError

    monkeypatch.setattr(snnconv.opening.conversion, "convert", convert)
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    assert command("convert", files / "net.pt").code == 2
    signal.signal(signal.SIGHUP, before)


# what standard output is → the exit code, and what is said
STREAMS = {"full": (2, "No space left on device"), "closed": (2, "Bad file descriptor"), "pipe": (141, "")}


@pytest.mark.parametrize("kind", STREAMS)
def test_standard_output_that_takes_nothing(kind: str, forks: Forks, files: Path) -> None:
    code, said = STREAMS[kind]
    for number, arguments in enumerate((["methods"], ["methods", "--json"], ["count", files / "net.pt", *NET])):
        log = Path(f"log{number}")
        assert forks(arguments, log, out=kind).code == code, log.read_text()
        assert bool(ONE_ERROR.fullmatch(log.read_text())) == bool(said)
        assert said in log.read_text()
    assert forks(["convert", files / "net.pt", *NET, "-o", "net.snn.pt2"], "log", out=kind).code == code
    assert Path("net.snn.pt2").exists()  # the work was done before the words


@pytest.mark.parametrize("kind", ["full", "closed"])
def test_standard_error_that_takes_nothing(kind: str, forks: Forks, files: Path) -> None:
    arguments = ["convert", files / "net.pt", *NET, "-o", "net.snn.pt2"]
    assert forks(arguments, "log", error=kind).code == 0
    assert "saved net.snn.pt2" in Path("log").read_text()
    assert forks(arguments, "log", error=kind).code == 2  # it exists


@pytest.mark.parametrize("encoding", ["cp1252", "ascii"])
def test_consoles_without_our_letters(encoding: str, forks: Forks, files: Path) -> None:
    lines = [["methods"], ["methods", "cos"], ["inspect", files / "net.pt", *NET], ["verify", files / "net.pt", *NET]]
    for number, arguments in enumerate(lines):
        log = Path(f"log{number}")
        assert forks(arguments, log, encoding=encoding).code == 0, log.read_bytes()
        assert (
            number != 1 or encoding == "ascii" or b"theta" in log.read_bytes()
        )  # click writes UTF-8 in place of ASCII
    assert forks(["convert", "≤.pt"], "error", encoding=encoding).code == 2
    assert b"no such file" in Path("error").read_bytes()
    assert forks(["methods", "cos", "--json"], "json", encoding=encoding).code == 0
    assert "θ" in json.dumps(json.loads(Path("json").read_text(encoding="ascii")), ensure_ascii=False)


def test_names_that_are_no_text(command: Command, files: Path) -> None:
    name = os.fsdecode(b"n\xff.snn.pt2")
    ended = command("convert", files / "net.pt", *NET, "-o", name)
    assert ended.code == 0
    assert "saved n\\udcff.snn.pt2" in ended.out
    assert os.listdir() == [name]
    assert "saved" not in (shown := command("inspect", name, "--json").out)
    assert json.loads(shown)


def test_outputs_that_are_no_files(command: Command, files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Refused before the work. As root, `convert` took the place of the device."""
    os.mkfifo("pipe")
    os.symlink("missing", "link")
    os.mkdir("out")
    os.mkfifo("out/energy.csv")
    os.mkfifo("out/sweep.jsonl")
    if os.geteuid() == 0:
        os.mknod("device", 0o666 | stat.S_IFCHR, os.makedev(1, 3))
    places = [name for name in ("pipe", "link", "device") if os.path.lexists(name)]

    def opened(*_: object, **__: object) -> None:
        pytest.fail("began to work")

    net, pictures = files / "net.pt", data(files)
    assert command("sweep", files / "snn.pt2", *pictures, "-o", "out").code == 2
    monkeypatch.setattr(snnconv.cli.work, "open_named", opened)
    before = {name: os.lstat(name).st_mode for name in places}
    training = (*pictures, "--val", f"npz:{files}/data.npz")
    for place in places:
        for arguments in (
            ("convert", net, "-o", place), ("convert", net, "-o", f"{place}/net.snn.pt2"),
            ("energy", net, *pictures, "-o", place), ("tune", net, *pictures, "-o", place),
            ("verify", net, "-o", place), ("compare", net, *pictures, "-o", place),
            ("report", net, *pictures, "-o", place), ("report", net, *pictures, "--figures", place),
            ("finetune", net, *training, "-o", place), ("finetune", net, *training, "--folder", place),
            ("train", "snnconv:small_cnn3d", *training, "-o", place), ("coverage", "-o", place),
            ("bench", "run", "sdm-fig4", "-o", place),
        ):  # fmt: skip
            ended = command(*arguments, "--overwrite")
            assert ended.code == 2, arguments
            assert "output" in ended.err, arguments
    for target, said in (("out", "is a pipe"), ("x" * 300, "too long")):
        ended = command("energy", net, *pictures, "-o", target)
        assert ended.code == 2
        assert said in ended.err
    assert {name: os.lstat(name).st_mode for name in places} == before


def test_a_second_run_into_a_folder(command: Command, files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Refused before the work, and a run of another kind is not."""
    net, pictures = files / "net.pt", data(files)
    training = (*pictures, "--val", f"npz:{files}/data.npz", "--epochs", "1")
    measuring = ("energy", "tune", "verify", "latency", "sweep")
    lines: dict[str, tuple[object, ...]] = {
        **{name: (name, net, *NET, *pictures, "-o", "out") for name in measuring},
        "finetune": ("finetune", net, *NET, *training, "--folder", "out"), "coverage": ("coverage", "-o", "out"),
        "bench": ("bench", "run", "sdm-fig4", "-o", "out"),
    }  # fmt: skip
    for name, arguments in lines.items():
        with alone_in(Path("out"), name):
            ended = command(*arguments)
        assert ended.code == 2, name
        assert f"another run of the same {name} is writing into this folder" in ended.err
        assert os.listdir() == []


def test_what_cannot_be_shared_runs_once(command: Command, files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of several processes: the others leave at once, and the first says so."""
    monkeypatch.setenv("WORLD_SIZE", "3")
    monkeypatch.setenv("RANK", "1")
    others = [one.name for one in COMMANDS if one.name not in SHARING]
    assert {one.name for one in COMMANDS} >= SHARING
    assert [command(name, "--data") for name in others] == [Outcome(0, "", "") for _ in others]
    monkeypatch.setenv("RANK", "0")
    ended = command("energy", files / "snn.pt2", *data(files), "-o", "out")
    assert ended.code == 0
    assert "note: this command runs once, in the first of 3 processes" in ended.err
