"""Errors that a person can act on: one line that says what was got, where, and the cure."""

import difflib
from collections.abc import Iterable

BAD_INPUT_EXIT_CODE = 2
"""Exit code of every command line when data or configuration are at fault."""


class InputError(Exception):
    """Data or configuration that can't be worked with; the text is shown to the user as it stands."""


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return ` (did you mean 'x'?)` for the nearest known word, or an empty string if none is near."""
    near = difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f" (did you mean {near[0]!r}?)" if near else ""
