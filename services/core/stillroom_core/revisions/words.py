"""The words of SQL, one after the other: sqlglot's tokens for PostgreSQL, with which heads of statements are read.

Only tokens: its parser gives up on half of PostgreSQL's DDL, and a tenant's text must not choose how deep we recurse.
The tokenizer takes time in proportion to the text.
"""

from collections.abc import Iterator
from typing import ClassVar, NamedTuple

from sqlglot.dialects.postgres import Postgres
from sqlglot.errors import SqlglotError
from sqlglot.tokenizer_core import Token, TokenType

from stillroom_core.catalogues.names import quoted

_TEXTS = frozenset(
    {
        *(TokenType.STRING, TokenType.HEREDOC_STRING, TokenType.BYTE_STRING, TokenType.NATIONAL_STRING),
        *(TokenType.RAW_STRING, TokenType.BIT_STRING, TokenType.HEX_STRING, TokenType.UNICODE_STRING),
    }
)
_NAME = 63  # bytes; PostgreSQL cuts longer names
LONGEST = 65_536


class _Tokenizer(Postgres.Tokenizer):
    # Without: what follows DO or CALL would be one text up to the first semicolon, even one inside of a body.
    COMMANDS: ClassVar[set[TokenType]] = set()


class NoWords(Exception):
    """The text is no SQL, for a quote or a comment has no end; or it is too long to be read."""


class Word(NamedTuple):
    """`text` in small letters where it was not quoted; `quoted` for names in quotes, `constant` for strings."""

    text: str
    quoted: bool = False
    constant: bool = False


def statements_of(sql: str) -> Iterator["Words"]:
    """The statements of a text, each as its words; raises NoWords."""
    if len(sql) > LONGEST:
        raise NoWords
    try:
        tokens = _Tokenizer().tokenize(sql)
    except (SqlglotError, RecursionError, ValueError, IndexError) as cause:
        raise NoWords from cause
    found: list[Word] = []
    for token in tokens:
        if token.token_type == TokenType.SEMICOLON:
            if found:
                yield Words(found)
            found = []
        else:
            found.extend(_words(token))
    if found:
        yield Words(found)


def _words(token: Token) -> Iterator[Word]:
    if token.token_type in _TEXTS:
        yield Word(token.text, constant=True)
    elif token.token_type == TokenType.IDENTIFIER:
        yield Word(_cut(token.text), quoted=True)
    else:  # PRIMARY KEY is one token
        for text in token.text.split() or [token.text]:
            yield Word(_cut(text.lower()))


def _cut(name: str) -> str:
    data = name.encode(errors="replace")
    return name if len(data) <= _NAME else data[:_NAME].decode(errors="ignore")


class Words:
    """A statement's words with a place in it; what takes a word moves on, what asks does not."""

    def __init__(self, words: list[Word]) -> None:
        self._words = words
        self._at = 0

    def __bool__(self) -> bool:
        return self._at < len(self._words)

    def is_(self, *texts: str) -> bool:
        """Whether these keywords come next."""
        following = self._words[self._at : self._at + len(texts)]
        return len(following) == len(texts) and all(
            word.text == text and not word.quoted and not word.constant
            for word, text in zip(following, texts, strict=True)
        )

    def take(self, *texts: str) -> bool:
        """Takes these keywords if they come next."""
        if not self.is_(*texts):
            return False
        self._at += len(texts)
        return True

    def any_of(self, *texts: str) -> str | None:
        """Takes one of these keywords."""
        return next((text for text in texts if self.take(text)), None)

    def skip(self) -> None:
        """Takes whatever comes."""
        self._at += 1

    def next(self) -> Word | None:
        """Takes whatever comes and gives it."""
        word = self._words[self._at] if self else None
        self._at += 1
        return word

    def name(self) -> str:
        """Takes an identifier; empty where none comes."""
        if not self or self._words[self._at].constant:
            return ""
        word = self._words[self._at]
        if not word.quoted and not (word.text[:1].isalpha() or word.text[:1] in "_"):
            return ""
        self._at += 1
        return word.text

    def place(self) -> tuple[str, str]:
        """Takes a name with or without schema: (schema, name), the schema empty where none is written."""
        parts = [self.name()]
        while self.take("."):
            parts.append(self.name())
        return (parts[-2] if len(parts) > 1 else "", parts[-1])

    def exists(self) -> None:
        """Takes IF EXISTS or IF NOT EXISTS."""
        _ = self.take("if", "not", "exists") or self.take("if", "exists")

    def bracket(self) -> "list[Words]":
        """Takes a list in brackets if one comes: its items, cut at the commas of the outermost level."""
        if not self.take("("):
            return []
        items: list[Words] = []
        depth = 0
        found: list[Word] = []
        while self:
            word = self._words[self._at]
            self._at += 1
            plain = not word.quoted and not word.constant
            if plain and word.text == ")" and depth == 0:
                break
            if plain and word.text == "," and depth == 0:
                items.append(Words(found))
                found = []
                continue
            depth += (word.text == "(") - (word.text == ")") if plain else 0
            found.append(word)
        return [*items, Words(found)] if found else items

    def items(self) -> "list[Words]":
        """The rest, cut at the commas outside of brackets."""
        rest = Words([Word("("), *self._words[self._at :], Word(")")])
        self._at = len(self._words)
        return rest.bracket()

    def seek(self, text: str) -> bool:
        """Moves behind the next such keyword outside of brackets."""
        depth = 0
        while self:
            if depth == 0 and self.take(text):
                return True
            word = self._words[self._at]
            if not word.quoted and not word.constant:
                depth += (word.text == "(") - (word.text == ")")
            self._at += 1
        return False

    def rest(self) -> str:
        """What is left, as text that can be compared."""
        return " ".join(
            f"'{word.text}'" if word.constant else quoted(word.text) if word.quoted else word.text
            for word in self._words[self._at :]
        )
