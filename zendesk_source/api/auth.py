"""What the client needs from a log-in. The ways to log in are in the room ``login``."""

from __future__ import annotations

from typing import Protocol


class Auth(Protocol):
    """Who the requests come from."""

    @property
    def remedy(self) -> str:
        """What the user can do when Zendesk does not accept the header."""

    def header(self) -> str:
        """Return the value of the Authorization header, renewed if it is about to expire."""

    def renew(self, refused_header: str) -> bool:
        """Get a new header after a 401; return whether asking again makes sense.

        Args:
            refused_header: The header that was refused. If another thread has replaced it
                already, no new one is fetched.
        """
