"""Curves of every shape."""

import json
from itertools import accumulate

from .picking import Picker

SHAPES: list[list[list[float]]] = [
    [[0, 0], [100, 100]],
    [[0, 100], [50, 0]],
    [[-10, 0], [10, 40], [20, 100], [60, 100], [90, 20]],
    [[0, 0], [5, 75], [10, 75], [80, 100]],
    [[0, 60], [10, 60]],
    [[-5, 0], [0.25, 50], [0.5, 90], [2, 100]],
    [[20, 100], [20.5, 0]],
    [[-50, 0], [50, 0]],
]


def pick_curve(pick: Picker) -> str:
    """A well-known shape, or one with points of its own."""
    shape = pick.number(len(SHAPES) + 2)
    if shape < len(SHAPES):
        return json.dumps(SHAPES[shape])
    scores = [5 * pick.number(20) for _ in range(2 + pick.number(2))]
    values = accumulate([pick.number(20) - 10, *(1 + 4 * pick.number(10) for _ in scores[1:])])
    return json.dumps([list(point) for point in zip(values, scores, strict=True)])
