"""A folded name cut into the longest words known, each with all that it may mean."""

import functools
from typing import NamedTuple

from .folding import is_east_asian
from .lexicon import ROOT, Lexicon, Sense, lexicon

LONGEST_PHRASE = 6
LONGEST_GLUED, LONGEST_PIECE = 40, 18
SHORTEST_PIECE, SHORTEST_SINGULAR = 4, 6
SHORT_PIECES = frozenset({"tv", "fb", "ig", "yt", "vk", "tt", "тв", "вк"})
"""Words of two letters that glued names are made of."""
SHORT_GROUPS = ("channel_types", "measures", "media", "outcomes", "neutral")
"""Groups whose words of three letters glued names are made of."""
UNKNOWN_COST = 10
"""What an unknown letter costs, in words."""
LONGEST_INFLECTION, LONGEST_ENDING = 3, 2
"""Most letters after a stem that are a mere ending, and most last letters in which forms of one word differ."""

Senses = frozenset[Sense]
NOTHING: Senses = frozenset()


class Word(NamedTuple):
    """A part of a folded name, and what it may mean; without senses it is unknown."""

    text: str
    senses: Senses


@functools.lru_cache(maxsize=50_000)
def cut(form: str, of_layout: bool = False) -> tuple[Word, ...]:
    """Return a folded name cut into the longest words known, from left to right."""
    lex = lexicon(of_layout)
    if form in lex.whole:
        return (Word(form, frozenset(lex.whole[form] | lex.exact.get(form, set()))),)
    tokens = form.split()
    words: list[Word] = []
    at = 0
    while at < len(tokens):
        size, found = _phrase(lex, tokens, at)
        words += found or _token(lex, tokens[at])
        at += size
    return tuple(words)


def _phrase(lex: Lexicon, tokens: list[str], at: int) -> tuple[int, list[Word]]:
    """Return how many tokens the longest phrase from here on has, and the phrase; 1 and nothing if none is known."""
    for size in range(min(LONGEST_PHRASE, len(tokens) - at), 0, -1):
        text = " ".join(tokens[at : at + size])
        senses = lex.exact.get(text, set()) | _stemmed(lex, tokens[at : at + size])
        if at == 0 and len(tokens) > size:
            senses = senses | lex.first.get(text, set())
        if at > 0 and at + size == len(tokens) and not tokens[at - 1].isdecimal():
            senses = senses | lex.last.get(text, set())
        if not senses and text.isascii():
            senses = _other_number(lex, text)
        if senses:
            return size, [Word(text, frozenset(senses))]
    return 1, []


def _stemmed(lex: Lexicon, tokens: list[str]) -> set[Sense]:
    """Return the senses of phrases of several words whose last word is a stem."""
    phrases = lex.stems.get(tokens[0], ()) if len(tokens) > 1 else ()
    fitting = [
        senses
        for words, senses in phrases
        if len(words) == len(tokens) and list(words[:-1]) == tokens[:-1] and tokens[-1].startswith(words[-1])
    ]
    return set().union(*fitting)


def _other_number(lex: Lexicon, text: str) -> set[Sense]:
    """Return the senses of a plural's singular, or of a singular's plural."""
    if len(text) < SHORTEST_PIECE:
        return set()
    forms = [text[: -len(ending)] for ending in ("s", "es") if text.endswith(ending)]
    forms += [text + "s"] if len(text) >= SHORTEST_SINGULAR else []
    return next((lex.exact[form] for form in forms if form in lex.exact), set())


def _token(lex: Lexicon, token: str) -> list[Word]:
    """Return the words of a token that is no word by itself: a stem, glued words, an end, another form, or unknown."""
    if len(token) > LONGEST_GLUED or token.isdecimal():
        return [Word(token, NOTHING)]
    if is_east_asian(token):
        return _best_cut(lex, token, UNKNOWN_COST)
    size, senses = _stem(lex, token)
    if senses and len(token) - size <= LONGEST_INFLECTION and token[size:] not in lex.exact:
        return [Word(token, senses)]
    words = _best_cut(lex, token, None)
    return (words if len(words) > 1 else []) or _ended(lex, token) or [Word(token, senses or _inflected(lex, token))]


def _stem(lex: Lexicon, token: str) -> tuple[int, Senses]:
    """Return the length of the longest stem known that the token begins with, and its senses."""
    for end in range(len(token), 1, -1):
        senses = [s for words, s in lex.stems.get(token[:end], ()) if len(words) == 1]
        if senses:
            return end, frozenset().union(*senses)
    return 0, NOTHING


def _best_cut(lex: Lexicon, token: str, unknown_cost: int | None) -> list[Word]:
    """Return the cut of glued letters into the fewest known words; of what is unknown as little as can be.

    unknown_cost : of an unknown letter, in words; None if no letter may be left over (then empty if there is no cut).
    """
    best: list[tuple[int, tuple[Word, ...]] | None] = [(0, ()), *[None] * len(token)]
    for end in range(1, len(token) + 1):
        for start in range(max(0, end - LONGEST_PIECE), end):
            before, piece = best[start], token[start:end]
            if before is None:
                continue
            senses = _glued(lex, piece, unknown_cost is not None)
            if unknown_cost and start and end == len(token):
                senses |= lex.ends.get(piece, NOTHING)
            cost = 1 if senses else unknown_cost if end == start + 1 else None
            now = best[end]
            if cost and (now is None or _rank(before[0] + cost, before[1], piece) < _rank(now[0], now[1])):
                best[end] = before[0] + cost, (*before[1], Word(piece, senses))
    return _joined(best[-1][1]) if best[-1] else []


def _rank(cost: int, words: tuple[Word, ...], last: str = "") -> tuple[int, int, list[int]]:
    """Return by what cuts are compared: what they cost, how short the shortest word is, how long the first ones are."""
    lengths = [len(word.text) for word in words] + ([len(last)] if last else [])
    return cost, -min(lengths), [-length for length in lengths]


def _glued(lex: Lexicon, piece: str, east_asian: bool) -> Senses:
    """Return the senses of a word that stands in a glued name: of any length, or long enough not to be found by chance.

    An s may link it to the next one (`Werbung-s-kosten`), and a stem may have an ending.
    """
    if east_asian:
        return frozenset(lex.exact.get(piece, ()))
    size, stemmed = _stem(lex, piece) if len(piece) > SHORTEST_PIECE else (0, NOTHING)
    word = piece if piece in lex.exact or not piece.endswith("s") else piece[:-1]
    senses = frozenset(lex.exact.get(word, ()))
    if senses and (len(word) >= SHORTEST_PIECE or word in SHORT_PIECES):
        return senses
    if senses and len(word) == SHORTEST_PIECE - 1:
        short = any(path.split(".")[0] in SHORT_GROUPS and sub != "words" for path, sub in senses)
        return senses if short else NOTHING
    return stemmed if size > SHORTEST_PIECE and len(piece) - size <= LONGEST_INFLECTION else NOTHING


def _joined(pieces: tuple[Word, ...]) -> list[Word]:
    """Return the pieces with unknown letters in a row as one word."""
    words: list[Word] = []
    for piece in pieces:
        if not piece.senses and words and not words[-1].senses:
            words[-1] = Word(words[-1].text + piece.text, NOTHING)
        else:
            words.append(piece)
    return words


def _ended(lex: Lexicon, token: str) -> list[Word]:
    """Return the words of a token with an end that is known; what stands before it is looked up by itself."""
    for start in range(2, len(token) - 2):
        if token[start:] in lex.ends:
            _, before = _phrase(lex, [token[:start]], 0)
            return [*(before or _token(lex, token[:start])), Word(token[start:], frozenset(lex.ends[token[start:]]))]
    return []


def _inflected(lex: Lexicon, token: str) -> Senses:
    """Return the senses of another form of the token, a known word that differs in its last letters only."""
    shared = {word: _shared(word, token) for word in lex.roots.get(token[:ROOT], ())}
    near = [w for w, n in shared.items() if max(len(w), len(token)) - n <= LONGEST_ENDING]
    return frozenset(lex.exact[max(near, key=shared.__getitem__)] if near else ())


def _shared(one: str, two: str) -> int:
    """Return how many first letters two words share."""
    return next((i for i, (a, b) in enumerate(zip(one, two, strict=False)) if a != b), min(len(one), len(two)))
