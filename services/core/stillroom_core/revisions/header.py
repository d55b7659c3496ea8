"""The quick way to read a revision file: a strict grammar for the shape that nearly all of them have.

A file is accepted only when the result is what the careful way (syntax.py) would give for it:

1. From its start, whole statements are recognised one by one: blank and comment lines, one docstring, plain
   imports, NAME = constant, and the four names with a literal. Each ends at its line's end with every quote
   and bracket closed, so the next line begins a statement, too.
2. In all that follows, and in the imports, none of the words occurs with which a statement could bind one of
   the four names: the names themselves, `__doc__`, `globals`, `locals`, `import *`. What is not there cannot
   be bound, whatever the rest means; so it need not be understood, only searched.

   Or what follows is nothing but functions, in which such words mean nothing to the module: a statement of
   the module starts at the margin of some line, and every such line starts a function, comments or closes.

Everything else (a back slash, a form feed, a foreign encoding, a name in compatibility letters) is refused
here and read carefully. Tests compare both ways over thousands of files.

The rest of the file may then be text that this interpreter's parser rejects, such as the syntax of a newer
Python: whether functions can run is a question for the tenant's interpreter, not for the graph.
"""

import ast
import re
import unicodedata
from typing import Any, NamedTuple

NAMES = ("revision", "down_revision", "branch_labels", "depends_on")
_BINDERS = ("revision", "branch_labels", "depends_on", "__doc__", "globals", "locals")
_STAR_IMPORT = re.compile(r"import[\s\\(]*\*")
_COOKIE = re.compile(r"[ \t]*#.*?coding[:=][ \t]*([-\w.]+)")
_OTHER_LINE = re.compile(r"\n(?!def |async def |[ \t\n#)\]}]|\Z)")
_FUNCTION_OF_THAT_NAME = re.compile(r"def[ \t]+(?:revision|down_revision|branch_labels|depends_on|__doc__)\b")
_SEQUENCE_CHARACTERS = 8 * 1024

# Possessive only where one character repeats: Python 3.11.2 matches possessive groups wrongly. Every repeated
# group here starts with a character that ends the one before, so nothing is tried twice all the same.
_END = r"[ \t]*+(?:\#[^\n]*+)?(?:\n|\Z)"
_SHORT_STRING = r"""[uU]?(?:"[^"\\\n]*+"|'[^'\\\n]*+')"""
_DOCSTRING = re.compile(
    rf"""
    (?:[ \t]*+(?:\#[^\n]*+)?\n)*
    [rRuU]?
    (?: \"\"\"(?P<a>[^"\\]*+(?:"(?!"")[^"\\]*+)*)\"\"\"
      | '''(?P<b>[^'\\]*+(?:'(?!'')[^'\\]*+)*)'''
      | "(?P<c>[^"\\\n]*+)"
      | '(?P<d>[^'\\\n]*+)'
    ){_END}""",
    re.VERBOSE,
)
_MAY_BE_DOCSTRING = re.compile(r"(?:[ \t]*+(?:#[^\n]*+)?\n)*(?:[rRuU]?[\"']|[(\\])")
_STATEMENT = re.compile(
    rf"""
      (?P<name>revision|down_revision|branch_labels|depends_on)
          [ \t]*+(?::[^=\n\#"'\\;()]*)?=[ \t]*+
          (?:(?P<none>None)|(?P<text>{_SHORT_STRING})|(?P<sequence>[(\[][^()\[\]{{}}\#\\]*+[)\]])){_END}
    | (?P<blank>(?:[ \t]*+(?:\#[^\n]*+)?\n)+)
    | (?P<imported>
          (?:(?:import|from)[ \t][\w., \t]++{_END})+
        | from[ \t]++[\w.]++[ \t]++import[ \t]*+\([\w,\ \t\n]*+(?:\#[^\n]*+\n[\w,\ \t\n]*+)*\){_END}
      )
    | (?P<constant>(?!__)[A-Za-z_]\w*+[ \t]*+(?::[ \t]*+[\w.,|\[\] \t]*+)?=[ \t]*+
          (?:{_SHORT_STRING}|None|True|False|\d++){_END})
    """,
    re.VERBOSE,
)


class Header(NamedTuple):
    """What the start of a file says. `whole` means that nothing after it can say otherwise."""

    values: dict[str, Any]
    doc: str | None
    whole: bool


def read_header(text: str) -> Header:
    """Recognise the start of a file; anything doubtful ends the recognition and makes it not whole."""
    values: dict[str, Any] = {}
    doc = None
    sure = _is_plain(text)
    if "\r" in text:
        text = text.replace("\r\n", "\n")
        sure = sure and "\r" not in text
    position = 0
    if match := _DOCSTRING.match(text):
        doc = match[match.lastgroup or 0]
        position = match.end()
    elif _MAY_BE_DOCSTRING.match(text):
        sure = False
    end = len(text)
    while position < end and (match := _STATEMENT.match(text, position)):
        if (name := match["name"]) is not None:
            if match["none"]:
                values[name] = None
            elif (short := match["text"]) is not None:
                values[name] = short[2:-1] if short[0] in "uU" else short[1:-1]
            else:
                try:
                    values[name] = _sequence(match["sequence"])
                except ValueError:
                    break
        elif match.lastgroup != "blank" and _binds(text, position, match.end()):
            break
        position = match.end()
    whole = sure and (not _binds(text, position, end) or _is_only_functions(text, position))
    return Header(values, doc, whole)


def _sequence(text: str) -> Any:
    if len(text) > _SEQUENCE_CHARACTERS:
        raise ValueError
    try:
        return ast.literal_eval(text)
    except (SyntaxError, TypeError, MemoryError, RecursionError) as error:
        raise ValueError from error


def _binds(text: str, start: int, end: int) -> bool:
    """Whether a word occurs with which one of the names could be bound."""
    for word in _BINDERS:
        if text.find(word, start, end) >= 0:
            return True
    return _STAR_IMPORT.search(text, start, end) is not None


def _is_only_functions(text: str, start: int) -> bool:
    """Whether all that stands at the margin from here on are functions, under other names."""
    return (
        text.startswith(("def ", "async def "), start)
        and _OTHER_LINE.search(text, start) is None
        and _FUNCTION_OF_THAT_NAME.search(text, start) is None
    )


def _is_plain(text: str) -> bool:
    """Whether lines and letters are what they look like: see the module's text."""
    if "\0" in text or "\f" in text or text.startswith("\ufeff"):
        return False
    if not text.isascii() and not unicodedata.is_normalized("NFKC", text):
        return False
    if text.find("coding", 0, 400) >= 0:
        for line in text[:400].split("\n", 2)[:2]:
            if (cookie := _COOKIE.match(line)) and cookie[1].lower() not in {"utf-8", "utf8"}:
                return False
    return True
