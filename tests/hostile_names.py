"""Random names that no decent file holds: each tries to be code, markup, a formula, or an order to the terminal."""

from __future__ import annotations

import random

PIECES = (
    '"', "'", "\\", "`", '") or {code} or ("', "') or {code} or ('", "\n{code}\n", ";{code};", "={code}",
    "{{{code}}}", "#", ",", ";", "..", ".", "__class__", "__import__", "lambda: {code}", "class", "forward", "code",
    "self", "torch", "\x1b[31m", "\x1b]0;title\x07", "\x07", "\x08", "\r", "\x9b31m", "\x85", "\u2028", "\u202e",
    "\u2066", "\u200b", "\ufeff", "\U000e0041", "[red]", "[/x]", "[link=x]", ":smile:", "$\\frac$", "<script>",
    "</td>", "=1+1", "+1", "-1", "@x", "%s", "{{0}}", "é", "ß", "ﬁ", "日本", "🙂", " ", "\t", "a" * 300, "0", "relu#2",
)  # fmt: skip


def hostile_name(chance: random.Random, code: str) -> str:
    """Between one and five pieces, some of which would run `code`, an expression."""
    count = chance.randint(1, 5)
    return "".join(chance.choice(PIECES).format(code=code) for _ in range(count))


def every_piece(code: str) -> str:
    """All that a terminal, rich and Python could take for more than a name."""
    return "".join(piece.format(code=code) for piece in PIECES if "a" * 300 not in piece)
