"""Where the credentials may go: to the addresses of the account's own brands, nowhere else."""

from __future__ import annotations

import pytest

from tests.api.conftest import SECRET
from tests.support.stub import Reply
from zendesk_source.api.transport.addresses import address_of_brand, is_own_address
from zendesk_source.api.transport.exchange import Transport
from zendesk_source.errors import UnexpectedAnswer, ZendeskError

ACME = "https://acme.zendesk.com"
HERE = "http://127.0.0.1:8080"


@pytest.mark.parametrize(
    "brand_url",
    [
        "https://acme-two.zendesk.com",
        "https://help.acme.com",  # a host-mapped one
        "https://other.zendesk.com",
        "https://evil.com",
        "https://acme-two.zendesk.com@evil.com",
        None,
        17,
    ],
)
def test_in_zendesks_domain_the_subdomain_alone_says_where_a_brand_is(brand_url):
    brand = {"subdomain": "acme-two", "brand_url": brand_url, "host_mapping": "help.acme.com"}
    assert address_of_brand(ACME, brand) == "https://acme-two.zendesk.com"


@pytest.mark.parametrize(
    "subdomain",
    [
        *("evil.com/", "evil.com#", "evil.com?", "a.b", "a@b", "a:1", "a\\b", "a/b", "", " "),
        *("two\x00", "\x00two", "two\n", "two ", "tw\u043e", "\u212aelvin", "-two", "two-"),
        *("a" * 64, None, 7, ["two"], {"two": 1}, True),
    ],
)
def test_a_subdomain_that_is_not_a_name_is_never_asked(subdomain):
    assert address_of_brand(ACME, {"subdomain": subdomain, "brand_url": ACME}) is None


def test_names_are_spelled_as_hosts_are():
    assert address_of_brand(ACME, {"subdomain": "Acme-Two"}) == "https://acme-two.zendesk.com"
    assert address_of_brand("https://ACME.zendesk.com/", {"subdomain": "two"}) == (
        "https://two.zendesk.com"
    )


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "LOCALHOST", "127.0.0.2", "[::1]"])
def test_a_simulator_may_be_asked_by_any_name_of_this_machine(host):
    brand = {"subdomain": "two", "brand_url": f"http://{host}:8080/"}
    assert address_of_brand(HERE, brand) == f"http://{host}:8080"


@pytest.mark.parametrize(
    "brand_url",
    [
        *("http://evil.com:8080", "http://127.0.0.1.evil.com:8080", "http://localhost.evil:8080"),
        *("http://10.0.0.1:8080", "http://0.0.0.0:8080", "http://2130706433:8080"),
        *("http://localhost:8081", "http://localhost", "https://localhost:8080"),
        *("http://evil@localhost:8080", "http://localhost:8080@evil.com:8080", "//localhost:8080"),
        *("http://localhost:8080/path", "http://localhost:8080?q", "http://localhost:8080#f"),
        *("http://localhost:8080\x00", "http://local\x00host:8080", " http://localhost:8080"),
        *("http://localhost:8080\n", "http://localhost:99999", "http://localhost:", "localhost"),
        *("ftp://localhost:8080", "http://[::1:8080", "", None, 17, ["http://localhost:8080"]),
    ],
)
def test_no_other_machine_port_or_scheme_is_asked_for_a_simulators_brand(brand_url):
    assert address_of_brand(HERE, {"subdomain": "two", "brand_url": brand_url}) is None


@pytest.mark.parametrize("base_url", ["https://proxy.example.com", "https://a.acme.zendesk.com"])
def test_behind_another_host_there_is_no_address_but_its_own(base_url):
    for brand_url in ("https://evil.example.com", "https://two.zendesk.com", "https://evil.com"):
        brand = {"subdomain": "evil", "brand_url": brand_url}
        assert address_of_brand(base_url, brand) in (None, base_url)
    assert is_own_address(base_url, base_url)


@pytest.mark.parametrize(
    "address",
    [
        *("https://evil.com", "http://two.zendesk.com", "https://two.zendesk.com:8443"),
        *("https://zendesk.com", "https://a.b.zendesk.com", "https://two.zendesk.com.evil.com"),
        *("https://twozendesk.com", "https://evil@two.zendesk.com", "https://127.0.0.1", ""),
    ],
)
def test_nothing_is_sent_to_an_address_that_is_not_the_accounts(address):
    assert not is_own_address(ACME, address)
    with pytest.raises(UnexpectedAnswer, match="nothing was sent"):
        Transport(ACME).at(address)


def test_a_client_asks_a_brand_at_its_own_address_and_counts_it_as_one(stub, client):
    stub.handle = lambda seen: Reply(body={"asked": seen.headers["Host"]})
    here = stub.base_url.replace("127.0.0.1", "localhost")
    assert client.get("/api/v2/x", stream="x").value == {"asked": stub.base_url[7:]}
    assert client.at(here).get("/api/v2/x", stream="x").value == {"asked": here[7:]}
    assert client.usage_of("x").requests == 2
    assert {seen.headers["Authorization"] for seen in stub.requests} == {f"Bearer {SECRET}"}


def test_a_brand_that_leads_elsewhere_is_not_followed(stub, client):
    here = client.at(stub.base_url.replace("127.0.0.1", "localhost"))
    stub.handle = lambda seen: Reply(302, headers={"Location": "http://help.acme.com/api"})
    with pytest.raises(ZendeskError, match="not sent there"):
        here.get("/api/v2/x")
    assert len(stub.requests) == 1
