"""The command itself: help at once, one module a subcommand, data and logs apart."""

from __future__ import annotations

import json
import pkgutil
import signal
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest
import requests

import zendesk_source
from docs.update_command_line import PAGE, updated
from zendesk_source.command_line import main
from zendesk_source.command_line.parser import COMMANDS, subcommand

WITHOUT_DLT = """
import sys
from zendesk_source.command_line import main
try:
    main(sys.argv[1:])
except SystemExit as ended:
    assert ended.code == 0, ended.code
sys.exit(", ".join({"dlt", "pyarrow", "rich"} & set(sys.modules)) or 0)
"""


def started_fresh(code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", code, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("arguments", [["--help"], *([name, "--help"] for name in COMMANDS)])
def test_help_does_not_wait_for_dlt(arguments: list[str]) -> None:
    ended = started_fresh(WITHOUT_DLT, *arguments)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout.startswith("usage: zendesk-source")


def test_importing_the_package_imports_nothing_heavy() -> None:
    ended = started_fresh("import sys, zendesk_source; sys.exit('dlt' in sys.modules)")
    assert (ended.returncode, ended.stderr) == (0, "")


def test_every_public_name_is_there_whatever_was_imported_before() -> None:
    parts = {module.name for module in pkgutil.iter_modules(zendesk_source.__path__)}
    assert parts & set(zendesk_source.__all__) == set()  # a submodule would hide the name
    for name in zendesk_source.__all__:
        assert getattr(zendesk_source, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'zendesk_chatt'"):
        zendesk_source.zendesk_chatt  # noqa: B018


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_is_a_module_that_explains_itself(name: str) -> None:
    module = subcommand(name)
    assert callable(module.run)
    assert callable(module.add_arguments)
    assert module.__doc__


def test_every_module_that_runs_is_registered() -> None:
    folder = Path(zendesk_source.__file__).parent / "command_line"
    runs = {path.stem for path in folder.glob("*.py") if "\ndef run(" in path.read_text("utf-8")}
    assert runs <= set(COMMANDS)


def test_the_page_about_the_commands_is_theirs() -> None:
    page = PAGE.read_text("utf-8")
    assert updated(page) == page, "run: make docs"


def test_no_command_shows_which_there_are(capsys) -> None:
    assert main([]) == 2
    printed = capsys.readouterr().err
    assert [name for name in COMMANDS if f"    {name} " not in printed] == []


def test_streams_are_listed_as_a_table_and_as_json(capsys) -> None:
    assert main(["streams", "talk", "!talk_calls"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split("  ")[0] == "stream"
    assert main(["streams", "--json", "talk", "!talk_calls"]) == 0
    listed = json.loads(capsys.readouterr().out)
    assert [line.split()[0] for line in lines[2:]] == [stream["name"] for stream in listed]
    assert {stream["product"] for stream in listed} == {"talk"}


def test_an_unknown_stream_is_an_error_in_the_format_that_was_asked_for(capsys) -> None:
    assert main(["streams", "tickts"]) == 2
    text = capsys.readouterr().err
    assert text.startswith("error: There is no stream 'tickts'. Did you mean tickets")
    assert main(["streams", "tickts", "--log-format", "json", "--quiet"]) == 2
    line = json.loads(capsys.readouterr().err)
    assert (line["level"], line["error"]) == ("error", "ConfigurationError")
    assert text == f"error: {line['message']}\n"


def test_a_bug_is_one_json_line_where_lines_are_json(monkeypatch, capsys) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("zendesk_source.command_line.commands.streams.select_streams", broken)
    assert main(["streams", "--log-format", "json"]) == 1
    line = json.loads(capsys.readouterr().err)
    assert "report" in line["message"]
    assert line["traceback"].endswith("ZeroDivisionError\n")


def test_the_simulator_hands_its_credentials_to_a_program() -> None:
    command = [sys.executable, "-m", "zendesk_source", "simulate", "--json", "--port", "0"]
    with subprocess.Popen([*command, "--tickets", "20"], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        account = json.loads(b"".join(iter(process.stdout.readline, b"}\n")) + b"}")
        me = requests.get(
            f"{account['base_url']}/api/v2/users/me.json",
            headers={"Authorization": f"Bearer {account['oauth_token']}"},
            timeout=10,
        )
        assert me.json()["user"]["role"] == "admin"
        process.send_signal(signal.SIGINT)
        assert process.stdout.read() == b""
    assert process.returncode == 0


def test_the_version_is_data(capsys) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--version"])
    assert not ended.value.code
    said = capsys.readouterr()
    assert (said.out, said.err) == (version("zendesk-source") + "\n", "")
