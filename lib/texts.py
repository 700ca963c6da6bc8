"""Texts that come from outside: how long they may be, and of which characters (rule 3.1).

Everything that somebody else wrote is measured here: what events say (`lib.events`), what
people type (`lib.text_fields`), and what operations are given (`lib.wording`). What
does not fit is refused. What we show of another program's words, and of errors, is cut with a mark.
"""

import re

LONGEST_NAME = 100  # of a reference, name, request or method
LONGEST_DESCRIPTION = 200
LONGEST_WORDS = 500  # of a reason or message

# No control characters (C0 with NUL, DEL, C1). The same patterns serve Python and pydantic's Rust;
# lone surrogates, of which Rust's strings have none, are looked for besides.
ONE_LINE = r"^[^\x00-\x1f\x7f-\x9f]*$"
LINES = r"^[^\x00-\x09\x0b-\x1f\x7f-\x9f]*$"  # people's reasons and messages: line ends are LF
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_CONTROL_IN_LINES = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
_LINE_END = re.compile(r"\r\n?")
# What a text may have and XML has no way to say; no letter is ever one of these.
NOT_IN_XML = re.compile(r"[\ufffe\uffff]")
CUT = "…"
UNSHOWN = "\ufffd"


def with_line_ends(text: str) -> str:
    """The text with every line end as LF, whichever system it was typed on."""
    return _LINE_END.sub("\n", text)


def has_control(text: str, *, in_lines: bool = False) -> bool:
    """Whether the text has a character that can be neither kept nor shown: a control character,
    also a tab, or a lone surrogate. Line ends are allowed, as LF alone, if it may have several
    lines (`in_lines`).
    """
    return bool((_CONTROL_IN_LINES if in_lines else _CONTROL).search(text))


def for_xml(text: str) -> str:
    """The text, which has no control characters (`has_control`), as an XML file can have it: with a
    replacement character for what XML cannot say.
    """
    return NOT_IN_XML.sub(UNSHOWN, text)


def shown(text: str, longest: int) -> str:
    """Another program's words as they can be kept: at most `longest` characters, cut with a mark,
    with a replacement character for each control character, and with every line end as LF.
    """
    text = _CONTROL_IN_LINES.sub(UNSHOWN, with_line_ends(text))
    return text if len(text) <= longest else text[: longest - len(CUT)] + CUT
