"""Which addresses are connected to (G06)."""

from collections.abc import Sequence
from ipaddress import ip_address, ip_network

import pytest

from stillroom_core.outbound.addresses import is_public
from stillroom_core.projects.git_address import parse_git_url
from stillroom_worker.checkout import CheckoutFailed
from stillroom_worker.checkout.address import pin


def answering(*addresses: str):
    async def resolve(host: str, port: int) -> Sequence[str]:
        return addresses

    return resolve


REFUSED = [
    "127.0.0.1",
    "127.8.8.8",
    "0.0.0.0",
    "10.1.2.3",
    "172.16.0.1",
    "192.168.1.1",
    "100.64.0.1",
    "169.254.169.254",
    "192.0.2.1",
    "192.0.0.1",
    "198.18.0.1",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "fe80::1",
    "fd00::1",
    "fec0::1",
    "ff02::1",
    "2001:db8::1",
    "::ffff:169.254.169.254",
    "::ffff:127.0.0.1",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::7f00:1",
    "2002:7f00:1::",
    "2002:a9fe:a9fe::1",
    "2001:0:0:0:0:0:80ff:fffe",
    "::7f00:1",
]


@pytest.mark.parametrize("address", REFUSED)
def test_an_address_inside_some_network_is_not_public(address: str) -> None:
    assert not is_public(ip_address(address))


@pytest.mark.parametrize(
    "address", ["140.82.121.3", "2606:50c0:8000::153", "::ffff:140.82.121.3", "64:ff9b::8c52:7903"]
)
def test_an_address_of_the_internet_is_public(address: str) -> None:
    assert is_public(ip_address(address))


@pytest.mark.parametrize("address", REFUSED)
async def test_the_refusal_is_one_uniform_sentence(address: str) -> None:
    with pytest.raises(CheckoutFailed) as refused:
        await pin(parse_git_url("https://git.example/a", allow_local=False), (), answering(address))
    assert refused.value.code == "address_refused"
    assert address not in str(refused.value)
    assert refused.value.detail == "git.example:443 is not a public git server on its usual port."


async def test_one_private_answer_among_public_ones_refuses_the_name() -> None:
    with pytest.raises(CheckoutFailed) as refused:
        await pin(parse_git_url("https://git.example/a", allow_local=False), (), answering("140.82.121.3", "10.0.0.1"))
    assert refused.value.code == "address_refused"


@pytest.mark.parametrize("url", ["https://127.1/a", "https://2130706433/a", "https://0x7f000001/a", "https://0/a"])
async def test_odd_spellings_of_loopback_are_refused(url: str) -> None:
    with pytest.raises(CheckoutFailed) as refused:
        await pin(parse_git_url(url, allow_local=False), ())
    assert refused.value.code in ("address_refused", "not_found_or_private")


@pytest.mark.parametrize(
    "url", ["https://git.example:6379/a", "ssh://git@git.example:5432/a", "https://git.example:22/a"]
)
async def test_a_public_host_is_reached_on_the_usual_ports_only(url: str) -> None:
    with pytest.raises(CheckoutFailed) as refused:
        await pin(parse_git_url(url, allow_local=False), (), answering("140.82.121.3"))
    assert refused.value.code == "address_refused"


async def test_the_operators_network_is_reached_on_any_port() -> None:
    allowed = (ip_network("10.20.0.0/16"),)
    assert (
        await pin(parse_git_url("https://git.corp:8443/a", allow_local=False), allowed, answering("10.20.3.4"))
        == "10.20.3.4"
    )


async def test_a_name_without_an_answer_is_said_to_be_unknown() -> None:
    with pytest.raises(CheckoutFailed) as failed:
        await pin(parse_git_url("https://git.example/a", allow_local=False), (), answering())
    assert failed.value.code == "not_found_or_private"
