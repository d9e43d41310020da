"""A past for an account, decided by a seed: configuration, people, then tickets."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from zendesk_source.simulator.past.company import Company
from zendesk_source.simulator.past.examples import add_examples
from zendesk_source.simulator.past.objects import add_custom_objects
from zendesk_source.simulator.past.people import add_organizations, add_users
from zendesk_source.simulator.past.settings import add_settings
from zendesk_source.simulator.past.tickets import TicketHistory
from zendesk_source.simulator.state import DAY_SECONDS, State

QUIET_SECONDS = 300
"""How long before now the past ends: nothing is held back as too recent."""


@dataclass(frozen=True)
class Size:
    """How large a generated account is."""

    tickets: int
    users: int
    organizations: int
    days: int


def fill(state: State, seed: int, size: Size, *, history: bool) -> None:
    """Fill an empty account with a past that ends a little before now."""
    rng = Random(seed)
    end = state.now_second() - QUIET_SECONDS
    start = end - size.days * DAY_SECONDS
    with state.lock:
        add_settings(state, start - 30 * DAY_SECONDS)
        add_organizations(state, rng, size.organizations, start, end)
        add_users(state, rng, size.users, start, end)
        TicketHistory(Company(state, rng, start, end, events=history)).add(size.tickets)
        add_examples(state, seed, start, end)
        add_custom_objects(state, seed, start, end)
