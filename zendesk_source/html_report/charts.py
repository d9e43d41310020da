"""Draw charts as inline SVG, which stretches to any width; the words around it are HTML.

A chart is drawn on a canvas of 1,000 by 1,000 units, with y downwards. Lines keep their width by
`vector-effect`, which the style sheet sets. The `title` of a mark says what it means; a browser
shows it under the pointer. Every chart has its numbers in a table below.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from math import ceil, floor, log10

from zendesk_source.html_report.markup import Markup, element, joined

_SIDE = 1_000.0
_STEPS = (1, 2, 2.5, 5, 10)
_GAP = 0.18

Say = Callable[[float], str]


@dataclass(frozen=True)
class Series:
    """A value for each place on the x axis; None is a gap."""

    name: str
    values: Sequence[float | None]
    colour: str
    """A class of the style sheet, such as ``blue``."""
    is_faint: bool = False


@dataclass(frozen=True)
class Axis:
    """The places on the x axis: their names, and which names are written below it."""

    names: Sequence[str]
    shown: Sequence[int]


def spread(names: Sequence[str], most: int = 4) -> Axis:
    """Return an axis that shows only as many names as fit on a phone."""
    step = max(1, ceil(len(names) / most))
    return Axis(names, range(0, len(names), step))


def lines(
    axis: Axis, series: Sequence[Series], say: Say, band: tuple[Series, Series] | None = None
) -> Markup:
    """Draw lines over time, with a band between two more if given."""
    everything = [*series, *(band or ())]
    top, ticks = scale(_highest(each.values for each in everything))
    places = len(axis.names)

    def point(index: int, value: float) -> str:
        x = _SIDE * index / max(places - 1, 1)
        return f"{x:.1f},{_SIDE * (1 - value / top):.1f}"

    marks = [_band(band, point)] if band else []
    for each in series:
        style = f"stroke {each.colour}" + (" faint" if each.is_faint else "")
        marks += [
            # A point that stands alone is drawn as a line to itself, whose round ends make a dot.
            element(
                "polyline", points=" ".join(point(i, v) for i, v in (*run, run[-1])), class_=style
            )
            for run in _runs(each.values)
        ]
    width = _SIDE / max(places - 1, 1)
    hovers = [
        _hover(width * (index - 0.5), width, _told(name, everything, index, say))
        for index, name in enumerate(axis.names)
    ]
    at = {i: 100 * i / max(places - 1, 1) for i in axis.shown}
    return _plot([*marks, *hovers], ticks, top, say, {axis.names[i]: x for i, x in at.items()})


def bars(axis: Axis, series: Sequence[Series], say: Say) -> Markup:
    """Draw a column for each place, its series on top of each other."""
    sums = [sum(each.values[i] or 0 for each in series) for i in range(len(axis.names))]
    top, ticks = scale(max(sums, default=0))
    width = _SIDE / max(len(axis.names), 1)
    marks = []
    for index, name in enumerate(axis.names):
        bottom = _SIDE
        for each in series:
            height = _SIDE * (each.values[index] or 0) / top
            bottom -= height
            marks.append(
                element(
                    "rect",
                    x=width * (index + _GAP / 2),
                    y=bottom,
                    width=width * (1 - _GAP),
                    height=height,
                    class_=f"fill {each.colour}",
                )
            )
        marks.append(_hover(width * index, width, _told(name, series, index, say)))
    at = {axis.names[i]: 100 * (i + 0.5) / len(axis.names) for i in axis.shown}
    return _plot(marks, ticks, top, say, at)


def rows(names: Sequence[str], series: Sequence[Series], say: Say) -> Markup:
    """Draw a bar for each name, with its series one after the other, and their sum."""
    sums = [sum(each.values[i] or 0 for each in series) for i in range(len(names))]
    longest = max(sums, default=0) or 1
    lines_of_names = []
    for index, name in enumerate(names):
        left, marks = 0.0, []
        for each in series:
            width = _SIDE * (each.values[index] or 0) / longest
            marks.append(
                element("rect", x=left, width=width, height=_SIDE, class_=f"fill {each.colour}")
            )
            left += width
        marks.append(_hover(0, _SIDE, _told(name, series, index, say)))
        cells = (element("span", name), _canvas(marks), element("span", say(sums[index])))
        lines_of_names.append(joined(cells))
    return element("div", *lines_of_names, class_="rows", aria_hidden="true")


def heat(rows: Sequence[str], columns: Sequence[str], values: Sequence[Sequence[float]]) -> Markup:
    """Draw a cell for each row and column, darker for more; every fourth column has its name."""
    most = max((max(row, default=0) for row in values), default=0) or 1
    width, height = _SIDE / len(columns), _SIDE / len(rows)
    cells = [
        element(
            "rect",
            element("title", f"{name} {column}: {values[y][x]:,.0f}"),
            x=width * x,
            y=height * y,
            width=width,
            height=height,
            class_="cell fill blue",
            fill_opacity=0.04 + 0.96 * values[y][x] / most,
        )
        for y, name in enumerate(rows)
        for x, column in enumerate(columns)
    ]
    named = {columns[x]: 100 * (x + 0.5) / len(columns) for x in range(0, len(columns), 4)}
    sides = {name: 100 * (y + 0.5) / len(rows) for y, name in enumerate(rows)}
    return _framed(cells, named, [_label(name, f"top:{at:.2f}%") for name, at in sides.items()])


def bar(part: float, whole: float, colour: str = "blue") -> Markup:
    """Draw a share as a bar for the cell of a table."""
    width = _SIDE * part / whole if whole else 0.0
    rect = element("rect", width=width, height=_SIDE, class_=f"fill {colour}")
    return element("span", _canvas([rect]), class_="bar", aria_hidden="true")


def scale(highest: float) -> tuple[float, list[float]]:
    """Return the top of an axis that shows a value, and the round numbers on it."""
    if highest <= 0:
        return 1.0, [0.0, 1.0]
    raw = highest / 4
    size = 10 ** floor(log10(raw))
    step = next(each * size for each in _STEPS if each * size >= raw)
    ticks = [step * i for i in range(ceil(highest / step - 1e-9) + 1)]
    return ticks[-1], ticks


def legend(series: Iterable[Series]) -> Markup:
    """Return the names of the series with their colours."""
    return element(
        "p",
        *(
            element(
                "span",
                element("i", class_=f"swatch {each.colour}" + (" faint" if each.is_faint else "")),
                each.name,
            )
            for each in series
        ),
        class_="legend",
    )


def _plot(
    marks: Sequence[Markup], ticks: Sequence[float], top: float, say: Say, below: dict[str, float]
) -> Markup:
    rules = [
        element("line", x1=0, x2=_SIDE, y1=y, y2=y, class_="rule")
        for y in (_SIDE * (1 - tick / top) for tick in ticks)
    ]
    sides = [_label(say(tick), f"bottom:{100 * tick / top:.2f}%") for tick in ticks]
    return _framed([*rules, *marks], below, sides)


def _framed(marks: Sequence[Markup], below: dict[str, float], sides: Sequence[Markup]) -> Markup:
    names = [_label(name, f"left:{at:.2f}%") for name, at in below.items()]
    return element(
        "div",
        element("div", *sides, class_="side"),
        _canvas(marks),
        element("div", *names, class_="below"),
        class_="plot",
        aria_hidden="true",
    )


def _canvas(marks: Sequence[Markup]) -> Markup:
    box = f"0 0 {_SIDE:.0f} {_SIDE:.0f}"
    return element("svg", *marks, viewBox=box, preserveAspectRatio="none")


def _band(band: tuple[Series, Series], point: Callable[[int, float], str]) -> Markup:
    low, high = band
    both = [
        (i, a, b)
        for i, (a, b) in enumerate(zip(low.values, high.values, strict=True))
        if a is not None and b is not None
    ]
    outline = [point(i, a) for i, a, _ in both] + [point(i, b) for i, _, b in reversed(both)]
    return element("polygon", points=" ".join(outline), class_=f"fill band {low.colour}")


def _runs(values: Sequence[float | None]) -> list[list[tuple[int, float]]]:
    """Return the parts of a series between its gaps."""
    parts = groupby(enumerate(values), key=lambda each: each[1] is None)
    return [[(i, v) for i, v in run if v is not None] for is_gap, run in parts if not is_gap]


def _told(name: str, series: Iterable[Series], index: int, say: Say) -> str:
    values = ((each.name, each.values[index]) for each in series)
    return "\n".join(
        [name, *(f"{key}: {say(value)}" for key, value in values if value is not None)]
    )


def _hover(x: float, width: float, told: str) -> Markup:
    title = element("title", told)
    return element("rect", title, x=x, y=0, width=width, height=_SIDE, class_="hover")


def _label(text: str, place: str) -> Markup:
    return element("span", text, style=place)


def _highest(rows: Iterable[Sequence[float | None]]) -> float:
    return max((value for row in rows for value in row if value is not None), default=0.0)
