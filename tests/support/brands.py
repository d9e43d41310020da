"""An account of two brands, each with a Help Center of its own."""

from __future__ import annotations

from typing import Any

from tests.support.simulated import duckdb_pipeline, source_of
from tests.support.tables import Row, assert_rows_equal, stored_rows
from zendesk_source import sync
from zendesk_source.catalogue import STREAMS
from zendesk_source.runs.loop import SyncReport
from zendesk_source.simulator import Simulator
from zendesk_source.simulator.pages.answers import FORBIDDEN, Answer

BY_NAME = {stream.name: stream for stream in STREAMS}
OF_BRANDS = [stream.name for stream in STREAMS if stream.is_of_brand]
SOME = ("hc_articles", "hc_categories", "hc_locales", "hc_article_comments")
"""An export, lists of rows and of one object, and what is asked parent by parent."""


class Brands:
    """An account of two brands, whose second has a Help Center once it is opened."""

    def __init__(self, zendesk: Simulator) -> None:
        self.zendesk, self.account = zendesk, zendesk.account
        self.first, self.second, _ = (row["id"] for row in self.account.truth("brands"))
        self.second_address = zendesk.base_url.replace("127.0.0.1", "localhost")
        self.pipeline = duckdb_pipeline()

    def open_second(self, address: str = "") -> None:
        self.account.open_help_center(self.second, address or self.second_address)
        for stream in ("hc_categories", "hc_sections", "hc_topics", "hc_badges", "hc_articles"):
            self.add(stream, name="Of the second", title="Of the second")
        (topic,) = self.rows_of_second("hc_topics")
        post = self.add("hc_posts", title="Of the second", topic_id=topic["id"], comment_count=0)
        article = self.rows_of_second("hc_articles")[0]
        self.account.add_row("hc_article_comments", article_id=article["id"], body="Second")
        self.account.add_row("hc_post_comments", post_id=post["id"], body="Second")
        self.account.clock.advance(3_600)  # nothing is so young that it comes again

    def add(self, stream: str, **values: Any) -> Row:
        known = {name: v for name, v in values.items() if name in BY_NAME[stream].columns}
        return self.account.add_row(stream, brand_id=self.second, position=1, **known)

    def rows_of_second(self, stream: str) -> list[Row]:
        rows = self.account.truth_with_brands(stream)
        return [row for row in rows if row["brand_id"] == self.second]

    def source(self, *streams: str, **settings: Any) -> Any:
        return source_of(self.zendesk, *(streams or OF_BRANDS), **settings)

    def sync(self, *streams: str, **settings: Any) -> SyncReport:
        return sync(self.pipeline, self.source(*(streams or SOME), **settings))

    def refuse_second(self, answer: Answer = FORBIDDEN) -> None:
        def alter(request: Any, healthy: Answer) -> Answer:
            return answer if request.address == self.second_address else healthy

        self.zendesk.alter_answers(alter)

    def asked_for_articles(self) -> list[tuple[str, str]]:
        """Return which brand the export was asked of, and since when."""
        return [
            ("second" if r.address == self.second_address else "first", r.query["start_time"])
            for r in self.zendesk.requests
            if "start_time" in r.query
        ]

    def assert_complete(self, *streams: str) -> None:
        for name in streams or SOME:
            truth, key = self.account.truth_with_brands(name), BY_NAME[name].primary_key
            stored = stored_rows(self.pipeline, name)
            assert_rows_equal(self.pipeline, name, truth, stored, key)
            by_key = {tuple(row[k] for k in key): row for row in stored}
            for row in truth:
                found = by_key[tuple(row[k] for k in key)].get("brand_id")
                assert str(found) == str(row.get("brand_id")), name
