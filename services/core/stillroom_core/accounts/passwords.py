"""Which passwords are refused: short ones, and ones that a program guesses soon."""

import asyncio

from zxcvbn_rs_py import zxcvbn

from stillroom_core.errors import Invalid

# NIST SP 800-63B-4 §3.1.1.2 asks for 15 where the password stands alone and 8 beside a second factor, and no rules
# about kinds of characters. Twelve, and only if it is hard to guess.
MIN_LENGTH = 12
# Of 0 to 4: 3 resists an offline attack on a slow hash, by the library's own scale.
_MIN_SCORE = 3
_LOOKED_AT = 72  # the estimate's cost grows with the length, and more characters only make it better


async def check_password(password: str, *own: str) -> None:
    """Raises Invalid for a password that is short, or easy to guess for who knows the person."""
    if len(password) < MIN_LENGTH:
        raise Invalid(
            "password_short",
            "The password is too short.",
            detail=f"It needs at least {MIN_LENGTH} characters.",
            fix="Take several words that do not belong together, or let a password manager make one.",
            fields={"password": "too short"},
        )
    known = [word for text in own for word in (text, *text.replace("@", " ").replace(".", " ").split()) if word]
    found = await asyncio.to_thread(zxcvbn, password[:_LOOKED_AT], [*known, "stillroom"])
    if int(found.score) < _MIN_SCORE:
        raise Invalid(
            "password_common",
            "The password is easy to guess.",
            detail="It is common, follows a pattern, or holds your name or address.",
            fix="Take several words that do not belong together, or let a password manager make one.",
            fields={"password": "easy to guess"},
        )
