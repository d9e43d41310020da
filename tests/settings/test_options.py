"""Options: declared once, and a parameter and a setting of every source."""

from __future__ import annotations

import inspect
from pathlib import Path

import pytest
from dlt.common.configuration.container import Container
from dlt.common.configuration.specs import PluggableRunContext

from zendesk_source import ConfigurationError, zendesk_source, zendesk_support, zendesk_talk
from zendesk_source.settings.dlt_credentials import ZendeskOAuthToken
from zendesk_source.settings.options import OPTIONS, Options
from zendesk_source.source import configured_connection

CREDENTIALS = ZendeskOAuthToken()
CREDENTIALS.subdomain, CREDENTIALS.oauth_token = "acme", "t"


@pytest.mark.parametrize("source", [zendesk_source, zendesk_support, zendesk_talk])
def test_every_source_takes_and_explains_every_option(source) -> None:
    around = ("credentials", "start_date", "end_date"), ("clock", "private_key")
    assert tuple(inspect.signature(source).parameters) == (*around[0], *OPTIONS, *around[1])
    assert [name for name in OPTIONS if f"\n    {name}: " not in (source.__doc__ or "")] == []


def test_an_option_is_read_from_the_settings_and_an_argument_wins(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings = {
        "custom_fields": "rows",
        "item_format": "object",
        "deleted": "remove",
        "history": "macros, triggers",
        "account_column": "true",
        "rate_limit_share": "0.5",
        "exports": "lists",
        "private": '{"contact": "mask"}',
        "erase": "true",
        "table_format": "delta",
    }
    assert settings.keys() == set(OPTIONS)
    for name, value in settings.items():
        monkeypatch.setenv(f"SOURCES__ZENDESK__{name.upper()}", value)
    options = configured_connection(CREDENTIALS, deleted="mark").options
    assert options.with_history == {"macros", "triggers"}
    assert (options.custom_fields, options.item_format) == ("rows", "object")
    assert (options.deleted, options.account_column) == ("mark", True)
    assert (options.rate_limit_share, options.exports) == (0.5, "lists")
    assert options.erase
    assert options.rules.kinds == {"contact": "mask"}
    assert options.table_format == "delta"


def test_a_source_takes_dates_and_options_in_their_old_order() -> None:
    zendesk_source(CREDENTIALS, "2024-01-01", None, "json", "object", "remove", ["macros"])
    with pytest.raises(ConfigurationError, match="There is no history of tickets"):
        zendesk_source(CREDENTIALS, None, None, "json", "object", "remove", ["tickets"])


@pytest.mark.parametrize("share", [0, -1, 1.5])
def test_an_impossible_share_of_the_rate_limit_is_refused(share) -> None:
    with pytest.raises(ConfigurationError, match="rate_limit_share is"):
        Options(rate_limit_share=share)


def test_what_is_private_is_written_as_a_table_and_its_key_among_the_secrets(own_dlt: Path) -> None:
    rules = 'contact = "hash"\n"users.cf_*" = "drop"\ntickets.subject = "keep"\n'
    (own_dlt / ".dlt" / "config.toml").write_text(f"[sources.zendesk.private]\n{rules}")
    secret = "a long and random text"
    (own_dlt / ".dlt" / "secrets.toml").write_text(f'[sources.zendesk]\nprivate_key = "{secret}"\n')
    Container()[PluggableRunContext].reload(str(own_dlt))
    connection = configured_connection(CREDENTIALS)
    assert connection.private_key == secret
    assert secret not in repr(connection)
    verdict = connection.options.rules.verdict
    assert verdict("users", ("email",)).action == "hash"
    assert verdict("users", ("cf_plan",)).action == "drop"
    assert verdict("tickets", ("subject",)).action == "keep"
