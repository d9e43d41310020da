"""The bound of a sample holds, and a sample takes old and new rows alike."""

from __future__ import annotations

from random import Random

import pytest

from zendesk_source.reconciling.bounds import most_wrong, stratified_sample, upper_bound


@pytest.mark.parametrize(
    ("population", "checked", "wrong", "most"),
    [
        (20_000, 1_000, 0, 58),  # the rule of three, made exact: 0.29 %
        (10**9, 1_000, 0, 2_991_248),  # Clopper and Pearson: 1 - 0.05 ** (1 / 1000)
        (1_000, 1_000, 3, 3),
        (1_000, 999, 0, 0),
        (40, 20, 20, 40),
        (2, 1, 0, 1),
    ],
)
def test_the_bound_is_exact(population: int, checked: int, wrong: int, most: int) -> None:
    assert most_wrong(population, checked, wrong) == pytest.approx(most, rel=1e-4)


def test_a_bound_says_nothing_without_a_sample() -> None:
    assert upper_bound(10, 0, 0) is None
    assert upper_bound(0, 0, 0) == 0


@pytest.mark.parametrize("wrong", [1, 7, 40, 200, 1_000])
def test_the_bound_is_right_in_at_least_95_of_100_samples(wrong: int) -> None:
    ids, random = range(2_000), Random(wrong)
    bad = set(random.sample(ids, wrong))
    right = 0
    for seed in range(1_000):
        sample = stratified_sample(ids, 100, Random(seed))
        right += most_wrong(2_000, 100, len(bad.intersection(sample))) >= wrong
    assert right >= 935  # of 950 on average; three standard deviations are 21


@pytest.mark.parametrize("size", [0, 1, 9, 10, 95, 100, 995, 1_003, 2_000])
def test_a_sample_takes_its_share_of_every_age(size: int) -> None:
    ids = range(1_003)
    sample = stratified_sample(ids, size, Random(1))
    assert len(sample) == len(set(sample)) == min(size, 1_003)
    for part in range(10):
        taken = sum(1_003 * part // 10 <= each < 1_003 * (part + 1) // 10 for each in sample)
        assert abs(taken - min(size, 1_003) / 10) < 1.5


def test_the_same_seed_takes_the_same_sample() -> None:
    ids = range(10_000)
    samples = [stratified_sample(ids, 50, Random(seed)) for seed in (1, 1, 2)]
    assert samples[0] == samples[1] != samples[2]
