"""How many rows may be wrong, by a sample of them.

The bound is exact and one-sided (Clopper and Pearson, for a sample without replacement): were more
rows wrong than it says, a sample with so few wrong ones would come up in less than one of 20 cases.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from random import Random
from typing import TypeVar

CONFIDENCE = 0.95
STRATA = 10
"""Parts of equal size, by age, of which each gives its share of a sample."""

Id = TypeVar("Id")


def most_wrong(population: int, checked: int, wrong: int) -> int:
    """Return the largest number of wrong rows that a sample does not speak against.

    Args:
        population: Number of all rows.
        checked: Number of rows in the sample.
        wrong: Number of wrong rows in the sample.
    """
    least, most = wrong, population - (checked - wrong)
    while least < most:
        middle = (least + most + 1) // 2
        if _at_most(wrong, population, middle, checked) > 1 - CONFIDENCE:
            least = middle
        else:
            most = middle - 1
    return least


def upper_bound(population: int, checked: int, wrong: int) -> float | None:
    """Return the share of wrong rows, from 0 to 1, that is not exceeded with 95 % confidence.

    Args:
        population: Number of all rows.
        checked: Number of rows in the sample.
        wrong: Number of wrong rows in the sample.

    Returns:
        The exact share if all rows were checked; None if there are rows and none was checked.
    """
    if population == 0:
        return 0.0
    if checked == 0:
        return None
    return most_wrong(population, min(checked, population), wrong) / population


def stratified_sample(ids: Sequence[Id], size: int, random: Random) -> list[Id]:
    """Return a random sample to which old and new rows contribute alike.

    Args:
        ids: Ids of all rows, oldest first.
        size: How many to take; all if there are not more.
        random: Decides which.
    """
    if size >= len(ids):
        return list(ids)
    taken: list[Id] = []
    for part in range(STRATA):
        first, last = (len(ids) * at // STRATA for at in (part, part + 1))
        # Rounded so that the parts add up to the size, and each has its share of it.
        wanted = size * (part + 1) // STRATA - size * part // STRATA
        taken += random.sample(ids[first:last], min(wanted, last - first))
    return taken


def _at_most(wrong: int, population: int, all_wrong: int, checked: int) -> float:
    """Return how likely a sample holds at most so many wrong rows."""
    first = max(0, checked - (population - all_wrong))
    total = _log_choose(population, checked)
    return sum(
        math.exp(
            _log_choose(all_wrong, found)
            + _log_choose(population - all_wrong, checked - found)
            - total
        )
        for found in range(first, min(wrong, all_wrong) + 1)
    )


def _log_choose(of: int, taken: int) -> float:
    if not 0 <= taken <= of:
        return -math.inf
    return math.lgamma(of + 1) - math.lgamma(taken + 1) - math.lgamma(of - taken + 1)
