"""A table that has slipped: values that are not their own place's, but their neighbours'.

Somebody copies a column beside where it belongs, or leaves one out of the header: each value is
plausible by itself, and all of them are wrong. What gives it away is that most of them equal what
is stored next door while they differ from what is stored in their own place.
"""

from __future__ import annotations

import numpy as np

from metrics.batches.stored import Looked
from metrics.scoring.columns import Booleans, Floats

FEWEST = 3
"""Two values may be a neighbour's by chance."""


def shifted(values: Floats, own: Looked, neighbour: Looked) -> tuple[Booleans, int]:
    """Which values of a column are the neighbour's, if most are; and how many prove it.

    A value proves it by being stored next door and something else being stored in its own place;
    where nothing is, it goes with the others.
    """
    is_neighbours = neighbour.found & (values == neighbour.values)
    differs = own.found & (values != own.values)
    proofs = int(np.count_nonzero(is_neighbours & differs))
    compared = int(np.count_nonzero(own.found))
    if proofs < FEWEST or 2 * proofs <= compared:
        return np.zeros(len(values), dtype=bool), 0
    return is_neighbours & (differs | ~own.found), proofs
