"""Lines of a stream are masked one by one, and no secret is divided among them, wherever it was cut on the way."""

import asyncio
import base64
from urllib.parse import quote

import pytest

from stillroom_core.masking import MASK, hide, keeping_secrets, masked
from stillroom_worker.lines import handfuls

SECRET = "correct-horse/battery+staple"
SPELLINGS = {
    "itself": SECRET,
    "quoted": quote(SECRET, safe=""),
    "hex": SECRET.encode().hex(),
    "base64": base64.b64encode(SECRET.encode()).decode(),
    "a url": f"https://ann:{'x' * 40}@host",
}
LIMIT = 64


async def told(*chunks: bytes) -> list[str]:
    """What is stored of a program that writes these pieces, each of which arrives by itself."""
    reader = asyncio.StreamReader()

    async def write() -> None:
        for chunk in chunks:
            reader.feed_data(chunk)
            await asyncio.sleep(0)
        reader.feed_eof()

    writing = asyncio.create_task(write())
    with keeping_secrets():
        hide(SECRET)
        said = [masked(line.decode(errors="replace")) async for lines in handfuls(reader, LIMIT) for line in lines]
    await writing
    return said


@pytest.mark.parametrize("name", SPELLINGS)
async def test_a_secret_across_the_cut_of_a_long_line_is_masked_at_every_place(name: str) -> None:
    spelled = SPELLINGS[name]
    for before in range(LIMIT * 2 + 2):
        said = await told(b"." * before + spelled.encode() + b"." * 1000 + b"\nnext\n")
        whole = "".join(said)
        assert whole.count(MASK) == 1
        left = whole.replace(MASK, "").replace(".", "").removesuffix("next")
        assert left in ("", "https://ann:@host") or (name == "base64" and len(left) <= 3), left
        assert max(map(len, said)) <= LIMIT + len(spelled)


@pytest.mark.parametrize("name", SPELLINGS)
@pytest.mark.parametrize("end", [b"\n", b""])
async def test_a_secret_in_two_writes_is_masked_at_every_place(name: str, end: bytes) -> None:
    text = b"begins " + SPELLINGS[name].encode() + b" ends" + end
    for at in range(1, len(text)):
        said = "".join(await told(text[:at], text[at:]))
        assert said.startswith("begins ")
        assert said.endswith(" ends")
        assert len(said) <= len("begins https://ann:@host ends") + len(MASK)


async def test_lines_without_secrets_are_cut_where_they_were() -> None:
    assert await told(b"a" * 150 + b"\r\n\nb\n", b"c") == ["a" * 64, "a" * 64, "a" * 22, "", "b", "c"]


async def test_a_line_without_end_takes_bounded_memory() -> None:
    said = await told(*[b"x" * 65536] * 20)
    assert sum(map(len, said)) == 65536 * 20
    assert max(map(len, said)) == LIMIT
