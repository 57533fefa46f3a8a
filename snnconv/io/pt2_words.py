"""Words among the outputs of a program, as {"kind": "head"}: torch writes them and cannot read them back.

They stand beside the program, in a text of its file, and None in their places.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from torch.export import ExportedProgram
from torch.export.graph_signature import ConstantArgument

from ..errors import InputError

WORDS_FILE = "words.json"  # {place among the outputs: word}


@contextmanager
def without_words(program: ExportedProgram, extra: Mapping[str, str]) -> Iterator[dict[str, str]]:
    """Inside the block the program gives None for words. Yields the texts `extra` with one of the words, if any."""
    words = {place: value for place, value in enumerate(outputs_of(program)) if isinstance(value, str)}
    if not words:
        yield dict(extra)
        return
    try:
        put_words(program, dict.fromkeys(words))
        yield {**extra, WORDS_FILE: json.dumps(words)}
    finally:
        put_words(program, words)


def restore_words(program: ExportedProgram, extra: Mapping[str, str], where: str) -> None:
    """Put them back where the texts beside the program say so.

    Raises:
        InputError: the text is damaged.
    """
    if WORDS_FILE not in extra:
        return
    try:
        words = {int(place): word for place, word in json.loads(extra[WORDS_FILE]).items()}
        outputs = outputs_of(program)
        if not all(place in range(len(outputs)) and outputs[place] is None for place in words):
            raise ValueError("they are for other outputs")
        if not all(isinstance(word, str) for word in words.values()):
            raise ValueError("not all are words")
    except (ValueError, AttributeError) as error:
        raise InputError("the words beside the program are damaged", got=str(error), where=where) from error
    put_words(program, words)


def outputs_of(program: ExportedProgram) -> tuple[object, ...]:
    return tuple(program.graph.output_node().args[0])  # type: ignore[arg-type]


def put_words(program: ExportedProgram, words: Mapping[int, str | None]) -> None:
    outputs = list(outputs_of(program))
    for place, word in words.items():
        outputs[place] = word
        program.graph_signature.output_specs[place].arg = ConstantArgument(name="", value=word)
    program.graph.output_node().args = (tuple(outputs),)  # type: ignore[assignment]
