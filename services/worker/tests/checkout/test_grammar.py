"""The worker refuses what the form refuses, in the same words; the grammar itself is core's."""

from pathlib import Path

import pytest

from stillroom_core.errors import Invalid
from stillroom_core.projects.git_address import check_git_ref, parse_git_url
from stillroom_testing.git_addresses import BAD_REFS, BAD_URLS, GOOD_REFS, GOOD_URLS
from stillroom_worker.checkout import CheckoutFailed, Repository, fetch
from stillroom_worker.checkout.location import locate


@pytest.mark.parametrize("url", BAD_URLS)
async def test_an_address_that_the_form_refuses_never_reaches_git(url: str, mirror: Path) -> None:
    with pytest.raises(Invalid) as form:
        parse_git_url(url, allow_local=True)
    with pytest.raises(CheckoutFailed) as worker:
        await fetch(Repository(url=url, ref="main", allow_local=True), mirror)
    assert worker.value.code == "bad_url"
    assert (worker.value.detail, worker.value.fix) == (form.value.detail, form.value.fix)
    assert not mirror.exists()


@pytest.mark.parametrize("ref", BAD_REFS)
async def test_a_ref_that_the_form_refuses_never_reaches_git(ref: str, source, mirror: Path) -> None:
    with pytest.raises(Invalid) as form:
        check_git_ref(ref)
    with pytest.raises(CheckoutFailed) as worker:
        await fetch(Repository(url=source.url, ref=ref, allow_local=True), mirror)
    assert worker.value.code == "unknown_ref"
    assert (worker.value.title, worker.value.fix) == (form.value.title, form.value.fix)
    assert not mirror.exists()


@pytest.mark.parametrize("url", [row[0] for row in GOOD_URLS])
def test_an_address_that_the_form_accepts_is_accepted(url: str) -> None:
    assert locate(Repository(url=url, ref="main")) == parse_git_url(url, allow_local=False)


@pytest.mark.parametrize("ref", GOOD_REFS)
def test_a_ref_that_the_form_accepts_is_accepted(ref: str) -> None:
    locate(Repository(url="https://git.example/a", ref=ref))


async def test_every_accepted_name_of_a_branch_is_fetched(source, mirror: Path) -> None:
    names = [ref for ref in GOOD_REFS if len(ref) < 200 and not ref.startswith(("HEAD", "refs/"))]
    for name in names:
        source.git("update-ref", f"refs/heads/{name}", "main")
    for name in names:
        commit = await fetch(Repository(url=source.url, ref=name, allow_local=True), mirror)
        assert commit.sha == source.git("rev-parse", "main")


def test_a_folder_that_is_not_there_is_told_apart_from_a_bad_address(tmp_path: Path) -> None:
    with pytest.raises(CheckoutFailed) as refused:
        locate(Repository(url=str(tmp_path / "gone"), ref="main", allow_local=True))
    assert refused.value.code == "not_found_or_private"
