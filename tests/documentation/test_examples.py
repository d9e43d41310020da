"""The examples run as they are: what a tool starts, with the settings that it hands on."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml  # type: ignore[import-untyped] # dlt brings it

from zendesk_source.simulator import Account, RateLimits, Simulator
from zendesk_source.singer.about import CAPABILITIES
from zendesk_source.singer.config import SETTINGS, TAP
from zendesk_source.singer.tables import declared_types

MELTANO = Path(__file__).parents[2] / "examples" / "meltano"
PROJECT: dict[str, Any] = yaml.safe_load((MELTANO / "meltano.yml").read_text(encoding="utf-8"))


def environment(project: Path, **values: str) -> dict[str, str]:
    """Return what Meltano puts in the environment of a plugin: its settings, by their ``env``."""
    (plugin,) = PROJECT["plugins"]["utilities"]
    names = {setting["name"]: setting["env"] for setting in plugin["settings"]}
    config = {**plugin["config"], **values}
    assert set(config) <= set(names)
    told = {
        names[name]: str(value).replace("$MELTANO_PROJECT_ROOT", str(project))
        for name, value in config.items()
    }
    return {**os.environ, **told}


@pytest.mark.long
def test_what_meltano_starts_loads_the_account(tmp_path: Path) -> None:
    shutil.copytree(MELTANO, tmp_path / "mine")
    (plugin,) = PROJECT["plugins"]["utilities"]
    assert plugin["executable"] == "zendesk-source"
    command = [sys.executable, "-m", "zendesk_source"]
    account = Account.generate(tickets=20, users=10, organizations=2)
    with Simulator(
        account, rate_limits=RateLimits.off(), oauth_client=("client", "secret")
    ) as zendesk:
        ended = subprocess.run(
            [*command, *plugin["commands"]["load"]["args"].split(), "--streams", "tickets,groups"],
            cwd=tmp_path / "mine",
            env={
                **environment(
                    tmp_path / "mine",
                    subdomain="acme",
                    client_id="client",
                    client_secret="secret",
                ),
                "SOURCES__ZENDESK__CREDENTIALS__BASE_URL": zendesk.base_url,
            },
            capture_output=True,
            text=True,
            check=False,
        )
    assert (ended.returncode, ended.stderr) == (0, "")
    with duckdb.connect(str(tmp_path / "mine" / "zendesk.duckdb")) as database:
        assert database.sql("select count(*) from zendesk_data.tickets").fetchall() == [(20,)]
    assert (tmp_path / "mine" / ".dlt-work" / "pipelines" / "zendesk").exists()


def test_the_extractor_has_every_setting_and_selects_what_there_is() -> None:
    (plugin,) = PROJECT["plugins"]["extractors"]
    settings = {each["name"]: each for each in plugin["settings"]}
    assert settings.keys() == SETTINGS.keys()
    assert {n for n, each in settings.items() if each.get("sensitive")} == {
        name for name, each in SETTINGS.items() if each.is_secret
    }
    assert tuple(plugin["capabilities"]) == CAPABILITIES
    assert plugin["executable"] == TAP
    for rule in plugin["select"]:
        table, _, column = rule.lstrip("!").partition(".")
        assert column in ("*", *declared_types(table)), rule


@pytest.mark.parametrize("job", PROJECT["jobs"], ids=lambda job: str(job["name"]))
def test_jobs_and_schedules_name_what_is_there(job: dict[str, Any]) -> None:
    (plugin,) = PROJECT["plugins"]["utilities"]
    commands = {f"{plugin['name']}:{command}" for command in plugin["commands"]}
    assert set(job["tasks"]) <= commands
    assert job["name"] in {schedule["job"] for schedule in PROJECT["schedules"]}
