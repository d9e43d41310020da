"""How far a stream has come on the timeline, for those who watch a sync."""

from __future__ import annotations

from collections.abc import Sequence

from zendesk_source.catalogue import Stream
from zendesk_source.extract.positions import Lane, StreamPosition, row_time
from zendesk_source.extract.steps import Step
from zendesk_source.resources.run import StreamRun, Timeline


def follow(run: StreamRun, before: StreamPosition, steps: Sequence[Step], stream: Stream) -> None:
    """Note in a stream's run how far some steps have brought it.

    Args:
        run: Its ``newest`` and ``timeline`` are set.
        before: Where the stream stood before these steps.
        steps: In the order in which they were taken.
        stream: Which.
    """
    lanes = steps[-1].position.lanes
    run.newest = max((lane.newest or 0 for lane in lanes), default=0) or run.newest
    if run.timeline is None:
        first_rows = (row for step in steps for row in step.page.rows[:1])
        now = int(steps[0].page.server_time.timestamp())
        found = (row_time(row, stream) for row in first_rows)
        times = [time for time in found if time is not None and time <= now]
        if not times:
            return
        run.timeline = Timeline(begins=min(times), ends=now, through=min(times))
        run.timeline.seconds_to_read = _seconds_left(before.lanes, run.timeline)
    timeline = run.timeline
    timeline.seconds_left = _seconds_left(lanes, timeline)
    timeline.through = min((_reached(lane, timeline) for lane in lanes), default=timeline.ends)


def _seconds_left(lanes: Sequence[Lane], timeline: Timeline) -> int:
    """Return the part of the timeline that is not read yet."""
    ends = ((lane, min(lane.until or timeline.ends, timeline.ends)) for lane in lanes)
    return sum(max(0, end - _reached(lane, timeline)) for lane, end in ends)


def _reached(lane: Lane, timeline: Timeline) -> int:
    return max(timeline.begins, lane.newest or lane.place.start_time or 0)
