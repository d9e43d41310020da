"""A local Zendesk with a state, a clock one can move, and the truth about itself.

clock = SimulatedClock()
account = Account.generate(seed=1, tickets=300, clock=clock)
with Simulator(account) as zendesk:
    ...  # point a client at zendesk.base_url, edit the account between its pages
account.truth("tickets")
"""

from __future__ import annotations

from zendesk_source.simulator.account import Account
from zendesk_source.simulator.clock import SimulatedClock
from zendesk_source.simulator.faults import Fault
from zendesk_source.simulator.rate_limits import RateLimits
from zendesk_source.simulator.server import Request, Simulator

__all__ = ["Account", "Fault", "RateLimits", "Request", "SimulatedClock", "Simulator"]
