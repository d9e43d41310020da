"""A body that is nearly JSON is asked for again, and then read where it has one reading only."""

from __future__ import annotations

import json
from typing import Any

import orjson
import pytest

from tests.support.stub import Reply, Stub
from zendesk_source.api.client import Answer, ZendeskClient
from zendesk_source.errors import UnexpectedAnswer

PATH = "/api/v2/groups.json"

ONE_READING: dict[str, tuple[bytes, Any, int]] = {
    "a byte order mark": (b'\xef\xbb\xbf{"a": 1}', {"a": 1}, 0),
    "half a surrogate pair": (rb'{"a": "x\ud800y"}', {"a": "x\ufffdy"}, 1),
    "the other half": (rb'["\udc00\udc00"]', ["\ufffd\ufffd"], 2),
    "halves in the wrong order": (rb'["\udc00\ud800"]', ["\ufffd\ufffd"], 2),
    "a half beside a pair": (rb'["\ud83d\ude00\ud83d"]', ["\U0001f600\ufffd"], 1),
    "a half in a key": (rb'{"\ud800": 1}', {"\ufffd": 1}, 1),
    "a backslash before a u": (rb'["\\ud800\ud800"]', ["\\ud800\ufffd"], 1),
    "bytes that are no UTF-8": (b'["a\xff\xfeb"]', ["a\ufffd\ufffdb"], 2),
    "what was U+FFFD already": ('["\ufffd'.encode() + b'\xff"]', ["\ufffd\ufffd"], 1),
    "control characters": (b'["a\nb\x01\tc"]', ["a\nb\u0001\tc"], 0),
    "NaN": (b"[NaN, -Infinity, Infinity]", ["NaN", "-Infinity", "Infinity"], 0),
    "numbers that no double holds": (b"[1e400, -1E+999]", ["1e400", "-1E+999"], 0),
    "400 digits": (b"[" + b"1" * 400 + b"]", ["1" * 400], 0),
    "5,000 digits": (b"[" + b"1" * 5_000 + b"]", ["1" * 5_000], 0),
    "NaN in a text": (rb'["NaN 1e400", "\ud800"]', ["NaN 1e400", "\ufffd"], 1),
}
NO_READING = {
    "nothing": b"",
    "a page of a web site": b"<html>[NaN]</html>",
    "the first half": b'{"groups": [{"id": NaN}, {"id": 2',
    "an open text": b'["a]',
    "a comma too many": b"[NaN,]",
    "one bracket for another": b"[NaN}",
    "two answers": b"[NaN][2]",
    "no such escape": rb'["\ud800 \x"]',
}


@pytest.mark.parametrize(("body", "value", "mended"), ONE_READING.values(), ids=list(ONE_READING))
def test_what_has_one_reading_is_read_when_it_stays(
    client: ZendeskClient, stub: Stub, body: bytes, value: Any, mended: int
) -> None:
    stub.handle = lambda seen: Reply(200, body)
    answer: Answer[Any] = client.get(PATH)
    assert (answer.value, answer.mended) == (value, mended)
    assert len(stub.requests) == 2
    assert orjson.loads(orjson.dumps(answer.value)) == value


@pytest.mark.parametrize("body", NO_READING.values(), ids=list(NO_READING))
def test_what_has_no_reading_fails_and_is_never_taken_for_empty(
    client: ZendeskClient, stub: Stub, body: bytes
) -> None:
    stub.handle = lambda seen: Reply(200, body)
    with pytest.raises(UnexpectedAnswer, match="not JSON"):
        client.get(PATH)


def test_an_answer_that_comes_whole_when_it_is_asked_again_is_not_mended(
    client: ZendeskClient, stub: Stub
) -> None:
    stub.script(Reply(200, rb'["\ud800"]'), Reply(200, ["whole"]))
    answer: Answer[Any] = client.get(PATH)
    assert (answer.value, answer.mended) == (["whole"], 0)


def test_an_answer_that_is_another_each_time_is_mended_at_the_end(
    client: ZendeskClient, stub: Stub
) -> None:
    stub.handle = lambda seen: Reply(200, b"[NaN, %d]" % len(stub.requests))
    answer: Answer[Any] = client.get(PATH)
    assert answer.value == ["NaN", len(stub.requests)]
    assert len(stub.requests) > 2


@pytest.mark.parametrize(
    ("opened", "closed", "levels"),
    [("[", "]", 1_000), ('{"a":', "}", 20_000), ('[{"a":', "}]", 300)],
)
def test_levels_that_nobody_can_write_are_kept_as_text(
    client: ZendeskClient, stub: Stub, opened: str, closed: str, levels: int
) -> None:
    text = opened * levels + "1" + closed * levels
    stub.script(Reply(200, f'{{"deep": {text}, "after": 1}}'))
    answer: Answer[Any] = client.get(PATH)
    value = answer.value
    assert value["after"] == 1
    assert b"after" in orjson.dumps(value)
    found = value["deep"]
    while not isinstance(found, str):
        found = found[0] if isinstance(found, list) else found["a"]
    assert len(found) > len(text) - 1_000
    assert found in json.dumps(text)[1:-1].replace("\\", "")
