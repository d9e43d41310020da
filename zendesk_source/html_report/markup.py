"""Make HTML by nested calls. Every text is escaped, so no customer's words become markup."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

_WITHOUT_END = {"meta", "wbr", "rect", "line", "polyline", "polygon"}


class Markup(str):
    """A text that is HTML already."""

    __slots__ = ()


def element(name: str, /, *children: str | None, **attributes: object) -> Markup:
    """Return an HTML or SVG element.

    Args:
        name: The tag.
        children: ``Markup`` is taken as it is, other text is escaped, None is left out.
        attributes: ``class_`` is ``class``, ``aria_label`` is ``aria-label``; None is left out.
    """
    told = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(_text(value))}"'
        for key, value in attributes.items()
        if value is not None
    )
    if name in _WITHOUT_END and not children:
        return Markup(f"<{name}{told}/>")
    return Markup(f"<{name}{told}>{joined(children)}</{name}>")


def joined(children: Iterable[str | None]) -> Markup:
    """Return several children as one."""
    return Markup("".join(_child(child) for child in children if child is not None))


def _child(child: str) -> str:
    return child if isinstance(child, Markup) else escape(child)


def _text(value: object) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)
