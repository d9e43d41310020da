"""`zendesk-source login` over sockets: a browser, a person, a code, and a pair in a file."""

from __future__ import annotations

import json
import socket
import stat
import threading
from collections.abc import Callable
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from tests.login.conftest import CLIENT
from zendesk_source.command_line import main
from zendesk_source.settings.credentials import token_file_of
from zendesk_source.settings.dlt_credentials import ZendeskRefreshToken
from zendesk_source.simulator import Simulator

Visit = Callable[[str], object]


@pytest.fixture
def port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


@pytest.fixture(autouse=True)
def _account(zendesk: Simulator, port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    zendesk.credentials.rules.redirect_uris = (f"http://127.0.0.1:{port}/callback",)
    monkeypatch.setenv("SOURCES__ZENDESK__CREDENTIALS__BASE_URL", zendesk.base_url)


@pytest.fixture
def browser(monkeypatch: pytest.MonkeyPatch) -> Callable[[Visit], list[str]]:
    """Install a browser that visits what it is told to open; returns the addresses it got."""

    def install(visit: Visit) -> list[str]:
        opened: list[str] = []

        def open_address(url: str) -> bool:
            opened.append(url)
            threading.Thread(target=visit, args=(url,)).start()
            return True

        monkeypatch.setattr("webbrowser.open", open_address)
        return opened

    return install


def follow(url: str) -> requests.Response:
    return requests.get(url, timeout=10)


def login(port: int, *more: str, client_id: str = "public_client") -> int:
    options = ["--subdomain", "acme", "--client-id", client_id, "--port", str(port)]
    return main(["login", *options, *more])


def test_a_public_client_logs_in_and_runs_need_no_more_than_its_name(
    zendesk: Simulator,
    port: int,
    browser,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    browser(follow)
    assert login(port) == 0
    printed = capsys.readouterr().err
    assert "(admin)" in printed
    assert "ZENDESK_SUBDOMAIN=acme\nZENDESK_CLIENT_ID=public_client\n" in printed
    file = token_file_of(ZendeskRefreshToken(base_url=zendesk.base_url))
    assert str(file) in printed
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    pair = json.loads(file.read_text())
    assert (pair["client_id"], pair["base_url"]) == ("public_client", zendesk.base_url)

    from zendesk_source import zendesk_support

    monkeypatch.setenv("SOURCES__ZENDESK__CREDENTIALS__SUBDOMAIN", "acme")
    monkeypatch.setenv("SOURCES__ZENDESK__CREDENTIALS__CLIENT_ID", "public_client")
    assert next(iter(zendesk_support().with_resources("users")))


def test_a_confidential_client_takes_its_secret_from_the_settings(
    port: int, browser, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys
) -> None:
    monkeypatch.setenv("ZENDESK_CLIENT_SECRET", CLIENT["client_secret"])
    browser(follow)
    file = tmp_path / "kept" / "tokens.json"
    assert login(port, "--token-file", str(file), "--json", client_id="client") == 0
    said = json.loads(capsys.readouterr().out)
    assert said["token_file"] == said["settings"]["ZENDESK_TOKEN_FILE"] == str(file)
    assert said["role"] == "admin"
    assert json.loads(file.read_text())["refresh_token"]


def test_the_question_has_a_state_and_a_challenge_of_its_own(port: int, browser) -> None:
    opened = browser(follow)
    assert login(port) == login(port) == 0
    first, second = (parse_qs(urlsplit(url).query) for url in opened)
    assert first["code_challenge_method"] == ["S256"]
    for name in ("state", "code_challenge"):
        assert first[name] != second[name]


def test_no_token_code_or_secret_is_printed(
    zendesk: Simulator, port: int, browser, monkeypatch: pytest.MonkeyPatch, capfd
) -> None:
    monkeypatch.setenv("ZENDESK_CLIENT_SECRET", CLIENT["client_secret"])
    answers: list[requests.Response] = []
    browser(lambda url: answers.append(follow(url)))
    assert login(port, client_id="client") == 0
    printed = "".join(capfd.readouterr())
    (code,) = parse_qs(urlsplit(answers[0].url).query)["code"]
    secrets = [CLIENT["client_secret"], code, *zendesk.credentials.tokens()]
    assert len(secrets) == 4
    assert [secret for secret in secrets if secret in printed + answers[0].text] == []


def test_a_forged_answer_is_turned_away_and_the_true_one_is_waited_for(port: int, browser) -> None:
    forged: list[int] = []

    def visit(url: str) -> None:
        here = f"http://127.0.0.1:{port}"
        paths = ("/callback?code=evil&state=guessed", "/callback?code=evil", "/favicon.ico")
        forged.extend(requests.get(here + path, timeout=10).status_code for path in paths)
        follow(url)

    browser(visit)
    assert login(port) == 0
    assert forged == [400, 400, 404]


@pytest.mark.parametrize(
    ("options", "rules", "code", "words"),
    [
        ([], {"denies": True}, 3, ("access_denied", "choose Allow")),
        (["--scope", "write"], {"scopes": ("read",)}, 3, ("invalid_scope", "--scope")),
        ([], {"redirect_uris": ()}, 3, ("within 0 minutes", "--no-browser")),
        (["--client-id", "unknown"], {}, 3, ("within 0 minutes",)),
        (["--token-file", "/proc/nowhere/t.json"], {}, 2, ("cannot be stored", "`token_file`")),
        (["--subdomain", "support.acme.com"], {"base_url": ""}, 2, ("`acme` for",)),
        (["--subdomain", ""], {}, 2, ("--subdomain is missing", "before .zendesk.com")),
        (["--no-browser", "--quiet"], {}, 2, ("nobody the address",)),
    ],
)
def test_what_goes_wrong_is_explained(
    options: list[str],
    rules: dict[str, object],
    code: int,
    words: tuple[str, ...],
    zendesk: Simulator,
    port: int,
    browser,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for name, value in rules.items():
        if name == "base_url":
            monkeypatch.delenv("SOURCES__ZENDESK__CREDENTIALS__BASE_URL")
        else:
            setattr(zendesk.credentials.rules, name, value)
    browser(follow)
    assert login(port, "--timeout-minutes", "0.003", *options) == code
    printed = capsys.readouterr().err
    assert [word for word in words if word not in printed] == [], printed
    assert "Traceback" not in printed


def test_a_confidential_client_without_its_secret_is_told_so(
    port: int, browser, capsys: pytest.CaptureFixture[str]
) -> None:
    browser(follow)
    assert login(port, client_id="client") == 3
    assert "needs its `client_secret`" in capsys.readouterr().err


def test_a_port_that_is_taken_is_named(port: int, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", port))
        taken.listen()
        assert login(port) == 2
    printed = capsys.readouterr().err
    assert f"port {port}" in printed
    assert "--port" in printed


def test_a_code_is_good_once_and_only_with_the_verifier(zendesk: Simulator, port: int) -> None:
    query = {
        "response_type": "code",
        "client_id": "public_client",
        "redirect_uri": f"http://127.0.0.1:{port}/callback",
        "code_challenge": "a-challenge",
        "code_challenge_method": "S256",
    }
    page = f"{zendesk.base_url}/oauth/authorizations/new"
    sent_to = requests.get(page, params=query, allow_redirects=False, timeout=10)
    (code,) = parse_qs(urlsplit(sent_to.headers["Location"]).query)["code"]
    wish = {"grant_type": "authorization_code", "code": code, "code_verifier": "guessed"}
    wish |= {"client_id": "public_client", "redirect_uri": query["redirect_uri"]}
    answer = requests.post(f"{zendesk.base_url}/oauth/tokens", json=wish, timeout=10)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")
