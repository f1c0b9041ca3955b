"""Markdown out of names and texts that may hold anything."""

import re
from collections.abc import Iterable, Sequence


def code(name: object) -> str:
    """Return a name in code style, whatever characters it holds."""
    text = " ".join(str(name).split()) or " "
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * (longest + 1)
    padding = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{fence}{padding}{text}{padding}{fence}"


def text(words: object) -> str:
    """Return free text on one line that can't start markup of its own."""
    line = " ".join(str(words).split())
    return re.sub(r"([<*#]|!(?=\[))", r"\\\1", line)


def clause(words: object) -> str:
    """Return free text without its closing full stop, to be used inside a sentence."""
    return text(words).rstrip(".;: ")


def sentence(words: object) -> str:
    """Return free text as the beginning of a sentence, without its full stop."""
    line = clause(words)
    return line[:1].upper() + line[1:]


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table; cells are Markdown, in which a vertical bar may stand (also in code style)."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def paragraphs(parts: Iterable[tuple[str, str]]) -> str:
    """Return numbered paragraphs from pairs of a lead and a text."""
    return "\n\n".join(f"**¶{i} {lead}:** {body}".replace(":** \n", ":**\n") for i, (lead, body) in enumerate(parts, 1))


def section(number: str, title: str, parts: Iterable[tuple[str, str]], level: int = 2) -> str:
    """Return a section: `## §1.0 Title` with its numbered paragraphs."""
    return f"{'#' * level} §{number} {title}\n\n{paragraphs(parts)}"
