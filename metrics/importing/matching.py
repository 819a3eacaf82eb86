"""Which metric or subject a file means: certain by code or name, else near ones to choose from."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import cached_property

NEAR_FROM = 0.55
ALMOST_CERTAIN = 0.999
MOST_COMPARED = 12
MANY_LETTERS = 3
WORDS_FROM = 0.4
MOST_BY_WORDS = 0.95
"""Of all words there are, the order may still be another: a person says so."""

_ASIDE = re.compile(r"\([^()]*\)|\[[^\[\]]*\]")
_NO_WORD = re.compile(r"[^\w]+")
_BEFORE = re.compile(r"^(?:the|a) ")
_AFTER = re.compile(r" (?:ltd|limited|inc|llc|plc|gmbh|ag|sa|srl|spa|bv|co)$")


@dataclass(frozen=True, slots=True)
class Near:
    """A name that may be meant, and how like it is (0 to 1)."""

    code: str
    name: str
    score: float


class Matcher:
    """Knows the codes and names of one kind of thing."""

    def __init__(self, named: Iterable[tuple[str, str]]) -> None:
        self.names = dict(named)
        """Code -> name."""

    def certain(self, text: str) -> str | None:
        """The code that a text is or that has exactly this name; never one of several."""
        if text in self.names:
            return text
        text = _folded(text)
        for known in (self._codes, self._names):
            codes = known.get(text, ())
            if codes:
                return codes[0] if len(codes) == 1 else None
        return None

    def near(self, text: str, most: int = 5) -> list[Near]:
        """Names that may be meant, the likest first; what differs by spelling alone scores 1."""
        wanted = plain(text)
        if not wanted:
            return []
        shared: Counter[str] = Counter()
        for part in _parts(wanted):
            shared.update(self._by_part.get(part, ()))
        # Few have much in common with it; only those are compared letter by letter.
        candidates = [key for key, _ in shared.most_common(MOST_COMPARED)]
        best: dict[str, float] = {}
        for key in candidates:
            likeness = SequenceMatcher(None, wanted, key, autojunk=False).ratio()
            for code in self._by_plain[key]:
                best[code] = max(best.get(code, 0), likeness)
        found = [
            Near(code, self.names[code], likeness)
            for code, likeness in best.items()
            if likeness >= NEAR_FROM
        ]
        return sorted(found, key=lambda near: (-near.score, near.code))[:most]

    def near_label(self, text: str, most: int = 5) -> list[Near]:
        """As `near`, for the long labels of forms, of which a name is a few words.

        A word counts the more, the fewer names have it: "cost" says more than "year".
        """
        best = {near.code: near for near in self.near(text, most)}
        words = _words(_ASIDE.sub(" ", text) or text)
        weights = self._weights
        for code, name in self.names.items():
            wanted = _words(name)
            whole = sum(weights[word] for word in wanted)
            share = sum(weights[word] for word in wanted & words) / whole if whole else 0.0
            score = share * MOST_BY_WORDS
            if share >= WORDS_FROM and (code not in best or best[code].score < score):
                best[code] = Near(code, name, score)
        return sorted(best.values(), key=lambda near: (-near.score, near.code))[:most]

    def likeliest(self, text: str) -> str | None:
        """The one name that differs by spelling alone (case, accents, "The", "Ltd")."""
        same = [near.code for near in self.near(text) if near.score >= ALMOST_CERTAIN]
        return same[0] if len(same) == 1 else None

    @cached_property
    def _weights(self) -> dict[str, float]:
        found = Counter(word for name in self.names.values() for word in _words(name))
        return {word: 1 / number for word, number in found.items()}

    @cached_property
    def _codes(self) -> dict[str, list[str]]:
        return _grouped((_folded(code), code) for code in self.names)

    @cached_property
    def _names(self) -> dict[str, list[str]]:
        return _grouped((_folded(name), code) for code, name in self.names.items())

    @cached_property
    def _by_plain(self) -> dict[str, list[str]]:
        return _grouped(
            (key, code)
            for code, name in self.names.items()
            for key in dict.fromkeys((plain(code), plain(name)))
        )

    @cached_property
    def _by_part(self) -> dict[str, list[str]]:
        return _grouped((part, key) for key in self._by_plain for part in _parts(key))


def plain(text: str) -> str:
    """A name without what people write now one way, now another."""
    decomposed = unicodedata.normalize("NFKD", text).casefold().replace("&", " and ")
    letters = "".join(sign for sign in decomposed if not unicodedata.combining(sign))
    words = _NO_WORD.sub(" ", letters).replace("_", " ").split()
    return _AFTER.sub("", _BEFORE.sub("", " ".join(words)))


def _words(text: str) -> set[str]:
    """The words, whether there is one of a thing or there are several."""
    return {word.rstrip("s") if len(word) > MANY_LETTERS else word for word in plain(text).split()}


def _folded(text: str) -> str:
    return " ".join(text.split()).casefold()


def _parts(text: str) -> set[str]:
    """All runs of three letters, the edges marked."""
    padded = f" {text} "
    return {padded[at : at + 3] for at in range(len(padded) - 2)}


def _grouped(pairs: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    groups: dict[str, list[str]] = defaultdict(list)
    for key, value in pairs:
        groups[key].append(value)
    return dict(groups)
