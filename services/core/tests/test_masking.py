"""Known secrets are masked in every spelling that programs print, wherever a text was cut."""

import asyncio
import base64
import html
import json
import logging
import re
import shlex
from urllib.parse import quote, quote_plus
from uuid import uuid4

import pytest

from stillroom_core.logs import configure_logs
from stillroom_core.masking import MASK, Redactor, hide, keeping_secrets, masked
from stillroom_core.sealing import Address, seal, unseal
from stillroom_core.settings import get_settings
from stillroom_testing.installations import in_this_process

SECRET = "Käse&7/Brot+\"q'\\ z=%"

SPELLINGS = {
    "itself": SECRET,
    "URL-quoted": quote(SECRET, safe=""),
    "URL-quoted in small letters": re.sub("%..", lambda met: met[0].lower(), quote(SECRET, safe="")),
    "URL-quoted with slashes": quote(SECRET),
    "in a form": quote_plus(SECRET),
    "JSON": json.dumps(SECRET),
    "JSON as it is": json.dumps(SECRET, ensure_ascii=False),
    "JSON in JSON": json.dumps(json.dumps(SECRET)),
    "a repr": repr(SECRET),
    "a repr of bytes": repr(SECRET.encode()),
    "hex": SECRET.encode().hex(),
    "HEX": SECRET.encode().hex().upper(),
    "SQL": SECRET.replace("'", "''"),
    "HTML": html.escape(SECRET),
    "a shell": shlex.quote(SECRET),
}


@pytest.mark.parametrize("name", SPELLINGS)
def test_a_spelling_is_masked(name: str) -> None:
    text = f"before {SPELLINGS[name]} after"
    assert MASK in (said := Redactor([SECRET])(text))
    assert said.startswith("before ")
    assert said.endswith(" after")
    assert len(said) <= len("before  after") + len(MASK) + 6, said  # quotation marks and the like


@pytest.mark.parametrize("before", ["", "a", "ab", "abc", "user:"])
@pytest.mark.parametrize("behind", ["", "z", "zz", "zzz", "@host"])
@pytest.mark.parametrize("encode", [base64.b64encode, base64.urlsafe_b64encode])
def test_base64_is_masked_at_every_place_in_a_group_of_three(before: str, behind: str, encode) -> None:
    secret = "correct-horse-battery?>~~"
    text = encode((before + secret + behind).encode()).decode()
    said = Redactor([secret])(text)
    assert MASK in said
    # At each end a character may stand that is its neighbour's as well.
    assert len(said.replace(MASK, "")) <= len(text) - (len(secret) * 4 // 3 - 2), said


def test_lines_of_a_secret_file_passwords_of_urls_and_telling_values_are_secrets_too() -> None:
    key = "-----BEGIN KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQE\nFAASCBKcwggSjAgEAAoIBAQ==\n-----END KEY-----\n"
    file = json.dumps({"type": "public", "private_key": key, "nested": [{"db_password": "tiny-1"}], "region": "eu"})
    redact = Redactor([file, "postgresql://ann:p%40ss-word@host/db", "export TOKEN='shell-77'\nschema=public\n"])
    for said in (*key.strip().splitlines(), "tiny-1", "p%40ss-word", "p@ss-word", "shell-77"):
        assert redact(f"<{said}>") == f"<{MASK}>", said
    assert redact("public require eu region") == "public require eu region"


def test_short_values_mask_nothing() -> None:
    assert Redactor(["12345", ""])("12345 and all the rest") == "12345 and all the rest"


def test_a_password_that_nobody_told_us_is_masked_in_urls_and_in_sql() -> None:
    redact = Redactor()
    assert redact("to postgresql+psycopg://ann:pa@ss@db.example.com/shop") == (
        f"to postgresql+psycopg://ann:{MASK}@db.example.com/shop"
    )
    assert redact("ALTER ROLE app PASSWORD 'it''s'; select 'x'") == f"ALTER ROLE app PASSWORD '{MASK}'; select 'x'"
    for plain in (
        "https://example.com:8080/a@2x.png",
        "postgresql://{{user}}:{{password}}@{{host}}",
        "ann@example.com",
    ):
        assert redact(plain) == plain
    once = redact("amqp://u:guess@h")
    assert redact(once) == once


@pytest.mark.parametrize("secret", ["correct-horse-battery", SECRET])
def test_what_a_cut_left_of_a_secret_at_the_end_of_a_text_is_masked(secret: str) -> None:
    redact = Redactor([secret])
    for spelled in (secret, quote(secret, safe=""), secret.encode().hex()):
        for kept in range(4, len(spelled)):
            said = redact("x" * 30 + spelled[:kept] + "…")
            assert said == "x" * 30 + MASK + "…", kept
            assert redact("y" * 2000 + spelled[:kept]) == "y" * 2000 + MASK


def test_our_own_vocabulary_survives_a_secret_that_is_spelled_like_it() -> None:
    with keeping_secrets():
        hide("running", "failed")
        told = masked({"state": "running", "outcome": {"code": "failed"}, "text": "it is running"})
    assert told == {"state": "running", "outcome": {"code": "failed"}, "text": f"it is {MASK}"}


def test_a_password_that_is_a_common_word_does_not_change_the_names_of_revisions() -> None:
    with keeping_secrets():
        hide("initial", "correct-horse-battery")
        told = masked({"heads": ["0001_initial", "x_correct-horse-battery"], "text": "0001_initial"})
    assert told == {"heads": ["0001_initial", f"x_{MASK}"], "text": f"0001_{MASK}"}


async def test_what_one_piece_of_work_opens_is_masked_in_its_tasks_and_in_no_other_work() -> None:
    async def deeper() -> str:
        await asyncio.sleep(0)
        hide("deeper-secret")
        return await asyncio.to_thread(masked, "outer-secret deeper-secret")

    async def work() -> str:
        with keeping_secrets():
            hide("outer-secret")
            told = await asyncio.create_task(deeper())
            return f"{told} {masked('deeper-secret')}"

    async def beside() -> str:
        with keeping_secrets():
            await asyncio.sleep(0.01)
            return str(masked("outer-secret"))

    assert await asyncio.gather(work(), beside()) == [f"{MASK} {MASK} {MASK}", "outer-secret"]
    assert masked("outer-secret") == "outer-secret"


SETTINGS = {
    "DATABASE_URL": "postgresql://us:metadata-canary@127.0.0.1/us",
    "REDIS_URL": "redis://:broker-canary@127.0.0.1:6379/0",
    "STILLROOM_SECRET_KEY": "signing-canary-signing-canary-signing",
    "STILLROOM_SEALING_KEYS": "k:" + base64.b64encode(b"sealing-canary-sealing-canary-12").decode(),
    "STILLROOM_DATA_DIR": "/nowhere",
}


def test_what_is_unsealed_is_known_and_logs_hold_neither_it_nor_our_own_secrets(capsys) -> None:
    root = logging.getLogger()
    before = root.handlers, root.level
    with in_this_process(SETTINGS):
        configure_logs(get_settings(), "test")
        try:
            place = Address(uuid4(), uuid4(), "password")
            sealed = seal(place, "opened-canary")
            with keeping_secrets():
                assert masked(unseal(place, sealed)) == MASK
            try:
                raise ValueError(" ".join(("opened-canary", *SETTINGS.values())))
            except ValueError:
                logging.getLogger("celery.app.trace").exception("it broke on %s", "opened-canary")
        finally:
            root.handlers, root.level = before
    said = capsys.readouterr().err
    assert "it broke on" in said
    assert "ValueError" in said
    for canary in ("opened-canary", "metadata-canary", "broker-canary", "signing-canary"):
        assert canary not in said
    assert SETTINGS["STILLROOM_SEALING_KEYS"][2:] not in said
