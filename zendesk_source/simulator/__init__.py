"""A local Zendesk with a state, a clock that can be moved, and the truth about its rows.

``Account.generate()`` makes a company's past, ``Simulator(account)`` serves it on a socket,
edits on the account happen at its clock's time, and ``account.truth("tickets")`` says what a
copy must hold. ``python -m zendesk_source.simulator`` serves one from the command line.
"""

from __future__ import annotations

from zendesk_source.simulator.account import Account
from zendesk_source.simulator.clock import SimulatedClock
from zendesk_source.simulator.door.faults import Fault
from zendesk_source.simulator.door.rate_limits import RateLimits
from zendesk_source.simulator.door.server import Request, Simulator
from zendesk_source.simulator.pages.answers import Answer
from zendesk_source.simulator.past.service import Timetable

__all__ = [
    "Account",
    "Answer",
    "Fault",
    "RateLimits",
    "Request",
    "SimulatedClock",
    "Simulator",
    "Timetable",
]
