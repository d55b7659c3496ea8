"""Only addresses and refs of a known form get past the form."""

import pytest

from stillroom_core.errors import Invalid
from stillroom_core.projects.git_address import check_git_ref, check_git_url


@pytest.mark.parametrize(
    "url",
    [
        "https://git.example/team/shop.git",
        "https://git.example:8443/team/shop",
        "ssh://git@git.example/team/shop.git",
        "git@git.example:team/shop.git",
    ],
)
def test_ordinary_addresses_are_accepted(url: str) -> None:
    check_git_url(url, allow_local=False)


@pytest.mark.parametrize(
    "url",
    [
        "--upload-pack=touch x",
        "-u",
        "ext::sh -c touch",
        "fd::17",
        "git://git.example/x",
        "http://git.example/x",
        "file:///etc",
        "/etc/passwd",
        "ssh://-oProxyCommand=x/y",
        "https://user:pass@git.example/x",
        "https://token@git.example/x",
        "https:///x",
        "https://git.example",
        "https://git.example/x?y",
        "https://git.example:99999/x",
        "https://git.example/a b",
        "git@-host:x",
        "https://git.example/x\n",
        "javascript:alert(1)",
        "",
    ],
)
def test_every_other_form_is_refused_with_a_fix(url: str) -> None:
    with pytest.raises(Invalid) as refused:
        check_git_url(url, allow_local=False)
    assert refused.value.fix
    assert "pass@" not in str(refused.value)


def test_local_folders_are_for_development() -> None:
    check_git_url("/srv/project", allow_local=True)


@pytest.mark.parametrize("ref", ["main", "release/2.0", "v1.4.2", "feature/ABC-12_x", "4f2a9c1", "fix#12"])
def test_ordinary_refs_are_accepted(ref: str) -> None:
    check_git_ref(ref)


@pytest.mark.parametrize("ref", ["--x", "+x:y", "a..b", "a b", "@{0}", "x.lock", "a//b", "x~1", "x^", ":x", "*", ""])
def test_every_other_ref_is_refused(ref: str) -> None:
    with pytest.raises(Invalid):
        check_git_ref(ref)
