"""Documents as PDF, set by typst from a template in billing/typst and data as JSON.

What people wrote reaches typst as strings and never as markup, and the templates evaluate nothing
and import no package. typst can read no file outside their folder.
"""

import json
import logging
import re
import unicodedata
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import Any

import typst
from django.utils.translation import get_language_info, override
from django.utils.translation import gettext as _

from billing import fonts
from billing.fonts import FontSet

log = logging.getLogger(__name__)

TEMPLATES = Path(__file__).parent / "typst"
REGIONS = {"en": "GB", "zh-hans": "CN", "th": "TH"}  # decides the shape of Chinese characters

# A statement of 2,000 charges takes a second and 230 MB. One document at a time, and always in the
# same thread: each thread would keep such an amount, freed, for itself. typst keeps most of it for
# the ten documents that follow, to be quick with common parts: after a long one, let it forget.
_press = ThreadPoolExecutor(max_workers=1, thread_name_prefix="typesetting")
LONG_DOCUMENT = 50_000  # characters of data
KEPT_FOR = 11

Paper = dict[str, Any]  # what a template reads: strings, in lists and dictionaries

MARK = "[?]"  # stands for characters without a glyph
BREAK = "\N{ZERO WIDTH SPACE}"  # where a long reference may go on in the next line
# Thai breaks by itself, and no accent may part from its letter.
LONG_WORD = re.compile(r"([^\s\u0e00-\u0eff]{16})(?=[\w!-~])")
IN_ENGLISH = "The fonts on the server cannot show {}: this document is in English."
VARIANTS = re.compile("[\ufe00-\ufe0f\U000e0100-\U000e01ef]")  # of the character before; unseen


class Words:
    """Takes other people's words into a document, and remembers what could not be shown."""

    def __init__(self, font_set: FontSet) -> None:
        self._fonts = font_set
        self.has_marks = False
        self.lacks_name = False

    def shown(self, text: str) -> str:
        """The words on one line, with a mark for what no font has.

        Control characters go, and so do those that turn the direction of the text around them.
        """
        text = VARIANTS.sub("", " ".join(unicodedata.normalize("NFC", text).split()))
        text = "".join(sign for sign in text if unicodedata.category(sign) not in {"Cc", "Cf"})
        if not self._fonts.can_show(text):
            self.has_marks = True
            missing = "".join(sign for sign in set(text) if not self._fonts.can_show(sign))
            text = re.sub(f"[{re.escape(missing)}]+", MARK, text)
        return LONG_WORD.sub(rf"\1{BREAK}", text)

    def name(self, name: str, reference: str) -> str:
        """The name; the reference where not all of the name can be shown."""
        words = Words(self._fonts)
        shown = words.shown(name)
        if shown and not words.has_marks:
            return shown
        self.lacks_name = True
        return self.shown(reference)

    def notes(self) -> list[str]:
        """What the reader has to be told of it."""
        notes = []
        if self.lacks_name:
            notes.append(
                _("The fonts on the server cannot show the merchant's name: this is its reference.")
            )
        if self.has_marks:
            notes.append(
                _("%(mark)s stands for characters that the fonts on the server cannot show.")
                % {"mark": MARK}
            )
        return notes


def typeset(
    template: str, language: str, write: Callable[[Words], Paper], *, made_at: datetime
) -> bytes:
    """The document as PDF/A, which cannot have boxes in place of letters.

    `write` is called with `language` in force, and once more in English when the fonts lack letters
    of its words. The same content and `made_at` give the same bytes.
    """
    font_set = fonts.installed()
    words, paper = _written(language, write, font_set)
    wanted = ""
    if not font_set.can_show("".join(_strings(paper)).replace(BREAK, "")):
        wanted = get_language_info(language)["name"]
        words, paper = _written("en", write, font_set)
        paper["notes"].insert(0, IN_ENGLISH.format(wanted))
    with override("en"):
        missing = [IN_ENGLISH.format(wanted)] * bool(wanted) + words.notes()
        if missing:
            log.warning("%s: %s", paper["title"], " ".join(missing))
    return _press.submit(_compiled, template, json.dumps(paper), font_set, made_at).result()


def _compiled(template: str, data: str, font_set: FontSet, made_at: datetime) -> bytes:
    document = typst.compile(
        str(TEMPLATES / f"{template}.typ"),
        root=str(TEMPLATES),
        font_paths=font_set.loaded,
        ignore_system_fonts=True,
        sys_inputs={"paper": data},
        pdf_standards="a-2b",
        timestamp=int(made_at.timestamp()),
    )
    if len(data) > LONG_DOCUMENT:
        for _turn in range(KEPT_FOR):
            typst.compile(b"", font_paths=font_set.loaded, ignore_system_fonts=True)
    return document


def _written(
    language: str, write: Callable[[Words], Paper], font_set: FontSet
) -> tuple[Words, Paper]:
    words = Words(font_set)
    with override(language):
        paper = write(words)
        return words, {
            **paper,
            "notes": words.notes(),
            "language": language.partition("-")[0],
            "region": REGIONS.get(language),
            "families": font_set.families,
        }


def _strings(value: object) -> Iterator[str]:
    """Every string in what a template reads."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for part in value.values():
            yield from _strings(part)
    elif isinstance(value, list):
        for part in value:
            yield from _strings(part)
