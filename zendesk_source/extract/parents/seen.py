"""What is remembered of parents, and how a step saves it together with their rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from zendesk_source.api.paging import Page
from zendesk_source.extract.kept import PARENTS, check_version
from zendesk_source.extract.parents.refused import Refusal, RefusedParents
from zendesk_source.extract.parents.sign import Sign
from zendesk_source.extract.positions import StreamPosition, save_position

STATE_VERSION = 1


@dataclass(slots=True)
class Seen:
    """What is remembered of the parents.

    Attributes:
        signs: By parent, the sign at which its rows were read, as text: there may be a hundred
            thousand, and most slices ask for none.
        round: How many times all parents of a list were gone through.
        refused: Parents that did not answer; they keep the sign they had before.
        digest_key: As of ``digest_of``.
    """

    signs: dict[str, str]
    round: int = 0
    refused: RefusedParents = field(default_factory=lambda: RefusedParents({}, has_answered=False))
    digest_key: bytes = b""

    def sign_of(self, key: str) -> Sign | None:
        """Return the sign at which a parent's rows were read; None if they never were."""
        text = self.signs.get(key)
        return None if text is None else Sign.parse(text)

    def remember(self, signs: Mapping[str, Sign]) -> None:
        """Note the signs at which the rows of parents were read."""
        self.signs.update({key: sign.text for key, sign in signs.items()})


@dataclass(frozen=True, slots=True)
class ChildStep:
    """The rows of some parents, and what to remember once they are stored.

    Attributes:
        page: All their rows, as if they had come in one answer.
        seen: Signs of the parents that were asked.
        forgotten: Parents that were deleted.
        position: Where their export stands, at the end of one of its pages.
        ends_round: Whether all parents of the list were gone through.
        refused: Parents that did not answer; None for those that now did, or were deleted.
        has_answered: Whether any parent has ever answered.
    """

    page: Page
    seen: Mapping[str, Sign]
    forgotten: tuple[str, ...] = ()
    position: StreamPosition | None = None
    ends_round: bool = False
    refused: Mapping[str, Refusal | None] = field(default_factory=dict)
    has_answered: bool = True


def open_seen(positions: Mapping[str, Any], digest_key: bytes) -> Seen:
    """Return a copy of what earlier runs left in the state.

    Args:
        positions: Of the stream.
        digest_key: As of ``digest_of``.

    Raises:
        ConfigurationError: The state was written by a newer release.
    """
    saved = positions.get(PARENTS)
    if saved is None:
        return Seen({}, digest_key=digest_key)
    check_version(saved, STATE_VERSION)
    # Releases before the refused ones were remembered stopped at the first of them.
    has_answered = saved.get("has_answered", bool(saved["seen"]) or len(positions) > 1)
    refused = RefusedParents(saved.get("refused", {}), has_answered=has_answered)
    return Seen(dict(saved["seen"]), saved["round"], refused, digest_key)


def refused_in(positions: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the refusals in a state, by parent."""
    refused: Mapping[str, Any] = positions.get(PARENTS, {}).get("refused", {})
    return refused


def save_step(positions: dict[str, Any], step: ChildStep, end: int | None) -> None:
    """Write a step into the state."""
    saved = positions.setdefault(PARENTS, {"version": STATE_VERSION, "round": 0, "seen": {}})
    if step.position is not None:
        save_position(positions, step.position, end)
    saved["has_answered"] = step.has_answered
    refused = saved.setdefault("refused", {})
    for key, refusal in step.refused.items():
        if refusal is None:
            refused.pop(key, None)
        else:
            refused[key] = list(refusal)
    if step.position is not None:
        saved["seen"].clear()
        return
    saved["seen"].update({key: sign.text for key, sign in step.seen.items()})
    for key in step.forgotten:
        saved["seen"].pop(key, None)
    saved["round"] += step.ends_round
