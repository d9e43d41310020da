"""What belongs to something else is shown for one parent at a time."""

from __future__ import annotations

import json
from typing import Any

import pytest
import requests

from zendesk_source.catalogue import STREAMS, Stream
from zendesk_source.simulator import Account, Simulator
from zendesk_source.simulator.children import SHOWS_ITS_PARENT

CHILDREN = [stream for stream in STREAMS if stream.parent is not None]


def address(zendesk: Simulator, stream: Stream, account: Account, parent: Any) -> str:
    """Return where the rows of a parent are shown."""
    assert stream.parent is not None
    outer = stream.parent.stream.parent
    row = account.stores[stream.parent.stream.name][parent]
    above = {outer.column: row[outer.column]} if outer is not None else {}
    return zendesk.base_url + stream.path.format(id=parent, key=parent, **above)


def test_each_parent_shows_its_own_rows_and_no_others(
    zendesk: Simulator, session: requests.Session, account: Account
) -> None:
    for stream in CHILDREN:
        assert stream.parent is not None
        column, truth = stream.parent.column, account.truth(stream.name)
        parent = truth[0][column]
        body = session.get(address(zendesk, stream, account, parent)).json()
        own = [row for row in truth if row[column] == parent]
        if stream.name not in SHOWS_ITS_PARENT:
            own = [{k: v for k, v in row.items() if k != column} for row in own]
        found = body[stream.rows_key]
        assert sorted(map(json.dumps, found)) == sorted(map(json.dumps, own)), stream.name
        assert len(found) < len(truth)


@pytest.mark.parametrize("path", ["articles/1/comments", "articles/none/votes"])
def test_a_parent_that_is_not_there_has_no_rows(
    zendesk: Simulator, session: requests.Session, path: str
) -> None:
    answer = session.get(f"{zendesk.base_url}/api/v2/help_center/{path}.json")
    assert answer.status_code == 404
    assert answer.json()["error"] == "RecordNotFound"


def test_revisions_are_paged_from_the_newest_to_older_ones(
    zendesk: Simulator, session: requests.Session, account: Account
) -> None:
    trigger = account.truth("triggers")[0]["id"]
    for _ in range(5):
        account.add_row("trigger_revisions", trigger_id=trigger)
        account.clock.advance(60)
    url: str | None = f"{zendesk.base_url}/api/v2/triggers/{trigger}/revisions?limit=2"
    found: list[dict[str, Any]] = []
    sizes: list[int] = []
    while url is not None:
        body = session.get(url).json()
        found += body["trigger_revisions"]
        sizes.append(len(body["trigger_revisions"]))
        url = body["before_url"]
    own = [row for row in account.truth("trigger_revisions") if row["trigger_id"] == trigger]
    assert [row["created_at"] for row in found] == sorted(
        (row["created_at"] for row in own), reverse=True
    )
    assert set(sizes[:-1]) == {2}


def test_parents_count_their_rows(account: Account) -> None:
    for post in account.truth("hc_posts"):
        votes = [row for row in account.truth("hc_post_votes") if row["post_id"] == post["id"]]
        assert post["vote_count"] == len(votes)
        assert post["vote_sum"] == sum(row["value"] for row in votes)
    article = account.truth("hc_articles")[0]
    account.add_row("hc_article_votes", article_id=article["id"], value=-1)
    voted = account.truth("hc_articles")[0]
    assert voted["vote_count"] == article["vote_count"] + 1
    assert voted["updated_at"] == article["updated_at"]  # a vote is no change of it
