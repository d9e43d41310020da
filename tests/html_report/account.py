"""The simulated account that the pages are about, and what to expect of a page."""

from __future__ import annotations

from html.parser import HTMLParser

from tests.support.simulated import served
from zendesk_source.simulator import Account, SimulatedClock, Simulator

STREAMS = (
    *("tickets", "ticket_events", "ticket_metric_events"),
    *("users", "groups", "satisfaction_ratings"),
)


def simulated() -> Simulator:
    """Return the simulator of the account, to be used as a context."""
    clock = SimulatedClock(ticking=True)
    account = Account.generate(seed=7, tickets=80, users=20, organizations=3, clock=clock)
    return served(account)


class Page(HTMLParser):
    """A page taken apart: its text, its tags, and the rows of its tables."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.words: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.rows: list[list[str]] = []
        self._is_style = self._is_cell = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._is_style, self._is_cell = tag == "style", self._is_cell or tag in ("td", "th")
        if tag == "tr":
            self.rows.append([])
        elif tag in ("td", "th"):
            self.rows[-1].append("")

    def handle_endtag(self, tag: str) -> None:
        self._is_cell = self._is_cell and tag not in ("td", "th")

    def handle_data(self, data: str) -> None:
        if self._is_style:
            return
        self.words.append(data)
        if self._is_cell:
            self.rows[-1][-1] += data

    @property
    def text(self) -> str:
        """Everything there is to read."""
        return "\n".join(self.words)

    def row(self, first: str) -> list[str]:
        """Return the only row that begins with a text."""
        (found,) = [row for row in self.rows if row and row[0] == first]
        return found[1:]
