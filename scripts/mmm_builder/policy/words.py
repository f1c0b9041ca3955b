"""What the policy says: sentences by key, in English in its records; other languages by the same keys.

A record holds whole English sentences, so that it can be read by itself. `key_of` finds the key and the values that a
sentence was made of, by which a report says it in its own language (`policy_{language}.yaml`).
"""

import functools
import re
from collections.abc import Mapping

import yaml

from ..provenance import DATA

FILES = {"en": "policy_en.yaml"}
FIELD = re.compile(r"\{(\w+)\}")


@functools.cache
def sentences(language: str = "en") -> Mapping[str, str]:
    """Read the policy's sentences in a language, by key."""
    return yaml.safe_load((DATA / FILES[language]).read_text(encoding="utf-8"))


def say(key: str, /, **values: object) -> str:
    """Return an English sentence filled with values."""
    return sentences()[key].format(**values)


def key_of(text: str) -> tuple[str, dict[str, str]] | None:
    """Return the key and the values that an English sentence was made of; None if it isn't one of the policy's."""
    for key, pattern in _patterns():
        if match := pattern.fullmatch(text):
            return key, match.groupdict()
    return None


@functools.cache
def _patterns() -> tuple[tuple[str, re.Pattern[str]], ...]:
    """Return a pattern for each sentence, those with the most fixed text first."""
    found = []
    for key, sentence in sentences().items():
        parts = FIELD.split(sentence)
        pattern = "".join(re.escape(part) if k % 2 == 0 else f"(?P<{part}>.+?)" for k, part in enumerate(parts))
        found.append((sum(map(len, parts[::2])), key, re.compile(pattern, re.DOTALL)))
    return tuple((key, pattern) for _, key, pattern in sorted(found, key=lambda entry: (-entry[0], entry[1])))
