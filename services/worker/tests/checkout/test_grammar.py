"""What may be typed as an address and as a ref (G01, G02, G03)."""

import pytest

from stillroom_worker.checkout import CheckoutFailed, check_ref, parse_url

BAD_URLS = [
    "",
    "--upload-pack=touch /tmp/x",
    "-u",
    "ext::sh -c touch% /tmp/x",
    "ext::sh",
    "fd::17",
    "git://github.com/a/b",
    "http://github.com/a/b",
    "ftp://github.com/a/b",
    "file:///etc",
    "/etc",
    "../up",
    "ssh://-oProxyCommand=touch/x",
    "ssh://-oProxyCommand=x@host/a",
    "ssh://git@-host/a",
    "-git@host:a",
    "git@-host:a",
    "git@host:-a",
    "git@host:a/../../b",
    "https://user:password@github.com/a/b",
    "https://token@github.com/a/b",
    "https://@github.com/a/b",
    "ssh://git:secret@github.com/a/b",
    "https://github.com/a/../b",
    "https://github.com/-a",
    "https://github.com//a",
    "https://github.com",
    "https:///a",
    "https://github.com:0/a",
    "https://github.com:99999/a",
    "https://github.com/a b",
    "https://github.com/a\nb",
    "https://github.com/a?x=1",
    "https://github.com/a#x",
    "https://github.com/%0a",
    "https://git\u0443.com/a",
    "https://host\\@evil/a",
    "https://github.com/a`id`",
    "https://github.com/a;id",
    "https://" + "a" * 3000 + "/b",
]


@pytest.mark.parametrize("url", BAD_URLS)
def test_an_address_that_git_could_misread_is_refused(url: str) -> None:
    with pytest.raises(CheckoutFailed) as refused:
        parse_url(url)
    assert refused.value.code == "bad_url"
    assert refused.value.fix


@pytest.mark.parametrize(
    ("url", "host", "port", "git_url"),
    [
        ("https://github.com/a/b.git", "github.com", 443, "https://github.com/a/b.git"),
        ("https://github.com:443/a/b", "github.com", 443, "https://github.com/a/b"),
        ("https://h.example:8443/a/~b/c%20d/", "h.example", 8443, "https://h.example:8443/a/~b/c%20d/"),
        ("ssh://git@host:2222/a/b", "host", 2222, "ssh://git@host:2222/a/b"),
        ("ssh://host/a", "host", 22, "ssh://git@host/a"),
        ("git@github.com:a/b.git", "github.com", 22, "git@github.com:a/b.git"),
        ("https://[2606:4700::1]/a", "2606:4700::1", 443, "https://[2606:4700::1]/a"),
    ],
)
def test_an_address_is_taken_apart(url: str, host: str, port: int, git_url: str) -> None:
    location = parse_url(url)
    assert (location.host, location.port, location.git_url) == (host, port, git_url)


def test_a_password_in_the_address_is_not_repeated_in_the_error() -> None:
    with pytest.raises(CheckoutFailed) as refused:
        parse_url("https://bob:hunter2-canary@github.com/a/b")
    assert "canary" not in f"{refused.value} {refused.value.detail} {refused.value.fix}"
    assert "credential" in refused.value.fix


@pytest.mark.parametrize(
    "ref",
    [
        "",
        "--upload-pack=x",
        "-x",
        "+x",
        "+x:y",
        "x:y",
        "a..b",
        "a b",
        "a\nb",
        "a~1",
        "a^",
        "a*",
        "a?",
        "a[b",
        "a\\b",
        "@{1}",
        "a@{1}",
        "/a",
        "a/",
        "a//b",
        "a/.b",
        "a.lock",
        "a.lock/b",
        "a.",
        ".a",
        "x" * 300,
    ],
)
def test_a_ref_that_git_could_misread_is_refused(ref: str) -> None:
    with pytest.raises(CheckoutFailed) as refused:
        check_ref(ref)
    assert refused.value.code == "unknown_ref"


@pytest.mark.parametrize(
    "ref",
    [
        "main",
        "feature/x-1",
        "v1.2.3",
        "a+b",
        "dependabot/pip/x-1.0",
        "ветка",
        "HEAD",
        "refs/tags/v1",
        "0" * 40,
    ],
)
def test_a_usual_ref_is_accepted(ref: str) -> None:
    assert check_ref(ref) == ref
