"""A past for an account, decided by a seed: configuration, people, then tickets."""

from __future__ import annotations

import gc
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from random import Random

from zendesk_source.simulator.past.company import Company
from zendesk_source.simulator.past.examples import add_examples
from zendesk_source.simulator.past.objects import add_custom_objects
from zendesk_source.simulator.past.people import add_organizations, add_users
from zendesk_source.simulator.past.service import TIMETABLES, Timetable, add_service
from zendesk_source.simulator.past.settings import add_settings
from zendesk_source.simulator.past.tickets import TicketHistory
from zendesk_source.simulator.store import DAY_SECONDS
from zendesk_source.simulator.stories import Stories

QUIET_SECONDS = 300
"""How long before now the past ends: nothing is held back as too recent."""


@dataclass(frozen=True)
class Size:
    """How large a generated account is."""

    tickets: int
    users: int
    organizations: int
    days: int


def fill(
    state: Stories,
    seed: int,
    size: Size,
    *,
    history: bool,
    schedules: Sequence[Timetable] = TIMETABLES,
) -> None:
    """Fill an empty account with a past that ends a little before now."""
    rng = Random(seed)
    end = state.now_second() - QUIET_SECONDS
    start = end - size.days * DAY_SECONDS
    with state.lock, _without_garbage_collection():
        add_settings(state, start - 30 * DAY_SECONDS)
        add_service(state, start - 30 * DAY_SECONDS, end, schedules)
        add_organizations(state, rng, size.organizations, start, end)
        add_users(state, rng, size.users, start, end)
        TicketHistory(Company(state, rng, start, end, events=history)).add(size.tickets)
        state.breaches_told_before = end
        add_examples(state, seed, start, end)
        add_custom_objects(state, seed, start, end)


@contextmanager
def _without_garbage_collection() -> Iterator[None]:
    """Switch garbage collection off: all objects stay, and it would cost a tenth of the time."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
