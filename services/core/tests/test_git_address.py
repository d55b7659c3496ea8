"""One grammar says which addresses and refs are accepted; git agrees with what it lets through."""

import random
import subprocess

import pytest

from stillroom_core.errors import Invalid
from stillroom_core.projects.git_address import check_git_ref, parse_git_url
from stillroom_testing.git_addresses import BAD_REFS, BAD_URLS, GOOD_REFS, GOOD_URLS, LOCAL_URLS


@pytest.mark.parametrize(("typed", "host", "port", "url"), GOOD_URLS)
@pytest.mark.parametrize("allow_local", [False, True])
def test_an_address_is_taken_apart(typed: str, host: str, port: int, url: str, allow_local: bool) -> None:
    parsed = parse_git_url(typed, allow_local=allow_local)
    assert (parsed.host, parsed.port, parsed.url, parsed.folder) == (host, port, url, None)


@pytest.mark.parametrize(("typed", "folder", "url"), LOCAL_URLS)
def test_a_folder_is_an_address_in_development(typed: str, folder: str, url: str) -> None:
    parsed = parse_git_url(typed, allow_local=True)
    assert (parsed.scheme, str(parsed.folder), parsed.url) == ("file", folder, url)
    assert parsed.committed_only == typed.startswith("file://")
    with pytest.raises(Invalid, match="this installation"):
        parse_git_url(typed, allow_local=False)


@pytest.mark.parametrize("url", BAD_URLS)
@pytest.mark.parametrize("allow_local", [False, True])
def test_every_other_address_is_refused_with_a_fix_and_without_repeating_a_secret(url: str, allow_local: bool) -> None:
    with pytest.raises(Invalid) as refused:
        parse_git_url(url, allow_local=allow_local)
    assert refused.value.fix
    assert refused.value.fields["git_url"] == refused.value.detail
    assert "canary" not in f"{refused.value} {refused.value.detail} {refused.value.fix}"


def test_a_password_in_the_address_is_sent_to_its_place() -> None:
    with pytest.raises(Invalid) as refused:
        parse_git_url("https://bob:hunter2@github.com/a/b", allow_local=False)
    assert "credential" in refused.value.fix


@pytest.mark.parametrize("ref", GOOD_REFS)
def test_a_ref_that_git_accepts_is_accepted(ref: str) -> None:
    assert check_git_ref(ref) == ref
    assert git_accepts(ref)


@pytest.mark.parametrize("ref", BAD_REFS)
def test_a_ref_that_git_could_misread_is_refused(ref: str) -> None:
    with pytest.raises(Invalid) as refused:
        check_git_ref(ref)
    assert refused.value.fix
    assert "git_ref" in refused.value.fields


def test_nothing_is_accepted_that_git_refuses_and_nothing_else_is_refused() -> None:
    dice = random.Random(7)  # noqa: S311 - the same refs in every run
    for _ in range(300):
        ref = "".join(dice.choices("aж/.@{}-+~^:?*[]\\ #%$lock", k=dice.randint(1, 5)))
        ours = True
        try:
            check_git_ref(ref)
        except Invalid:
            ours = False
        assert ours == (git_accepts(ref) and ref[0] not in "-+" and ref != "@"), ref


def git_accepts(ref: str) -> bool:
    return subprocess.run(["git", "check-ref-format", f"refs/heads/{ref}"], check=False).returncode == 0
