"""What became of many accounts: a line for each, worst first."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

_WORST_FIRST = (1, 2, 3, 5, 0)


@dataclass(frozen=True, slots=True)
class AccountLoad:
    """What became of one account.

    Attributes:
        account: Its name in the file.
        exit_code: 0 all streams were loaded, 5 some were not, 1 failed, 2 a setting is wrong, 3
            Zendesk refused the credentials.
        reason: Why that is so, with the remedy; empty if all is well.
        rows: Rows that went to the destination, those of side tables too.
        requests: Requests to Zendesk.
        seconds: How long loading it took, its waits for a turn left out.
        worker: Where it ran last: host and process.
        attempts: How often it was tried, the first time and after failures.
        is_at_end: Whether everything there was has been read.
        may_pass: Whether another attempt may do better.
    """

    account: str
    exit_code: int = 1
    reason: str = ""
    rows: int = 0
    requests: int = 0
    seconds: float = 0.0
    worker: str = ""
    attempts: int = 1
    is_at_end: bool = True
    may_pass: bool = False

    def after(self, earlier: AccountLoad | None) -> AccountLoad:
        """Return this turn together with the account's earlier ones."""
        if earlier is None:
            return self
        return replace(
            self,
            rows=earlier.rows + self.rows,
            requests=earlier.requests + self.requests,
            seconds=earlier.seconds + self.seconds,
            attempts=earlier.attempts + earlier.may_pass,
        )


@dataclass(frozen=True, slots=True)
class AccountsReport:
    """What became of many accounts.

    Attributes:
        accounts: What became of each, worst first.
        started_at: When the first load began, UTC.
        seconds: How long all of it took.
    """

    accounts: list[AccountLoad]
    started_at: datetime
    seconds: float

    @property
    def exit_code(self) -> int:
        """That of all accounts, if it is the same; else 5 if any was loaded, and 1 if none."""
        codes = {each.exit_code for each in self.accounts}
        if len(codes) == 1:
            return codes.pop()
        return 5 if codes & {0, 5} else 1


def worst_first(loads: Iterable[AccountLoad]) -> list[AccountLoad]:
    """Return loads in the order in which people want to read them."""
    return sorted(loads, key=lambda each: (_WORST_FIRST.index(each.exit_code), each.account))
