"""Small integers picking from short lists: fast to draw, and they shrink towards the first."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from hypothesis import strategies as st

Option = TypeVar("Option")


class Picker:
    """What a composite strategy draws with."""

    def __init__(self, draw: st.DrawFn) -> None:
        self._draw = draw

    def number(self, most: int) -> int:
        """A number from 0 to `most`, both included."""
        return self._draw(st.integers(0, most)) if most > 0 else 0

    def one_of(self, options: Sequence[Option]) -> Option:
        return options[self.number(len(options) - 1)]

    def digits(self, count: int, base: int, least: int = 0) -> list[int]:
        """`count` digits out of one number that is at least `least`."""
        found = []
        number = least + self.number(base**count - 1 - least)
        for _ in range(count):
            number, digit = divmod(number, base)
            found.append(digit)
        return found

    def several(self, make: Callable[["Picker"], None], most: int, usual: int) -> None:
        """Make one after the other, about `usual` of them; each can shrink away by itself."""
        for _ in range(most):
            if not self._draw(_one_more(make, usual)):
                break


@st.composite
def _one_more(draw: st.DrawFn, make: Callable[[Picker], None], usual: int) -> bool:
    # One strategy for the question and its answer: what is drawn here goes as a whole.
    if not draw(st.integers(0, usual)):
        return False
    make(Picker(draw))
    return True
