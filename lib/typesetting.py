"""Documents as PDF, set by typst from a template in templates/typst and data as JSON.

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
from itertools import groupby
from pathlib import Path
from typing import Any

import typst
from django.utils.translation import get_language_info, override
from django.utils.translation import gettext as _

from lib import fonts
from lib.fonts import FontSet

log = logging.getLogger(__name__)

TEMPLATES = Path(__file__).parent.parent / "templates" / "typst"
REGIONS = {"en": "GB", "zh-hans": "CN", "th": "TH"}  # decides the shape of Chinese characters

# A statement of 2,000 charges takes a second and 230 MB. One document at a time, and always in the
# same thread: each thread would keep such an amount, freed, for itself. typst keeps most of it for
# the ten documents that follow, to be quick with common parts: after a long one, let it forget.
_press = ThreadPoolExecutor(max_workers=1, thread_name_prefix="typesetting")
LONG_DOCUMENT = 50_000  # characters of data
KEPT_FOR = 11

Paper = dict[str, Any]  # what a template reads: strings, in lists and dictionaries

MARK = "[?]"  # stands for more than three characters in a row without a glyph
SPELT_OUT = 3  # so many are shown by their numbers in Unicode, as in [U+0E01 U+0E02]
LOGGED = 20  # a log's line names so many at most
BREAK = "\N{ZERO WIDTH SPACE}"  # where a long reference may go on in the next line
# Thai breaks by itself, and no accent may part from its letter.
LONG_WORD = re.compile(r"([^\s\u0e00-\u0eff]{16})(?=[\w!-~])")
IN_ENGLISH = "The fonts on the server cannot show {}: this document is in English."
VARIANTS = re.compile("[\ufe00-\ufe0f\U000e0100-\U000e01ef]")  # of the character before; unseen


class Words:
    """Prepares texts that people wrote for one document, and collects which of their characters the
    fonts can't show.
    """

    def __init__(self, font_set: FontSet) -> None:
        self._fonts = font_set
        self.marks: list[str] = []
        self.missing: set[str] = set()
        self.lacks_name = False

    def shown(self, text: str) -> str:
        """The text on one line, with a mark in place of each run of characters that no font has.

        Control and format characters are removed, such as those that change the direction of the
        text around them. A long word gets places where a line may break.
        """
        text = VARIANTS.sub("", " ".join(unicodedata.normalize("NFC", text).split()))
        text = "".join(sign for sign in text if unicodedata.category(sign) not in {"Cc", "Cf"})
        if not self._fonts.can_show(text):
            text = "".join(self._marked(text))
        return LONG_WORD.sub(rf"\1{BREAK}", text)

    def _marked(self, text: str) -> Iterator[str]:
        """Yield the text in pieces, with a mark in the place of each run of characters that no
        font has. A mark is text that is printed like the rest: the numbers of up to three
        characters, as in "[U+0E01 U+0E02]", and "[?]" for more. The marks are noted in `marks`,
        each once, and the characters in `missing`.
        """
        for is_shown, run in groupby(self._signs(text), key=lambda sign: sign[0]):
            signs = "".join(sign for _is_shown, sign in run)
            if is_shown:
                yield signs
                continue
            self.missing |= set(signs)
            mark = f"[{_numbers(signs)}]" if len(signs) <= SPELT_OUT else MARK
            if mark not in self.marks:
                self.marks.append(mark)
            yield mark

    def _signs(self, text: str) -> Iterator[tuple[bool, str]]:
        """Yields pairs for each character of the text with its accents: whether the fonts can show
        it, and the character; its parts one by one if no font has all of them.
        """
        for cluster in fonts.clusters(text):
            if self._fonts.can_show(cluster):
                yield True, cluster
            else:  # no font has the letter and all of its accents
                yield self._fonts.can_show(cluster[0]), cluster[0]
                yield from ((False, accent) for accent in cluster[1:])

    def name(self, name: str, reference: str) -> str:
        """Return the name as `shown` prepares it, or the reference if the name is empty or the
        fonts can show none of its letters and digits.

        For `notes`, it is recorded which characters are missing, or that the reference stands in
        for the name.
        """
        words = Words(self._fonts)
        shown = words.shown(name)
        self.missing |= words.missing
        drawn = any(sign.isalnum() and sign not in words.missing for sign in name)
        if shown and (drawn or not words.marks):
            self.marks += [mark for mark in words.marks if mark not in self.marks]
            return shown
        self.lacks_name = True
        return self.shown(reference)

    def made_out_to(self, label: str, name: str, reference: str) -> Paper:
        """The members `for` and `merchant` of a template's data, which say whom the document is
        for: `for` is the label, and `merchant` has the lines with the merchant's name and
        reference. In the name, marks stand for characters that the fonts can't show. The reference
        is alone if they can show none of the name's letters and digits, or if the name is empty.
        What is missing is recorded for `notes`.
        """
        lines = [self.name(name, reference), self.shown(reference)]
        return {"for": label, "merchant": list(dict.fromkeys(lines))}

    def notes(self) -> list[str]:
        """Sentences in the language in force that tell the reader what could not be shown; empty if
        nothing is missing.
        """
        notes = []
        if self.lacks_name:
            notes.append(
                _("The fonts on the server cannot show the merchant's name: this is its reference.")
            )
        if self.marks:
            more = " …" if len(self.marks) > SPELT_OUT else ""
            notes.append(
                _("Characters that the fonts on the server cannot show: %(marks)s")
                % {"marks": " ".join(self.marks[:SPELT_OUT]) + more}
            )
        return notes


def _numbers(signs: str) -> str:
    """The numbers in Unicode of these characters, such as "U+0E01 U+0E02"."""
    return " ".join(f"U+{ord(sign):04X}" for sign in signs)


def typeset(
    template: str,
    language: str,
    write: Callable[[Words], Paper],
    *,
    made_at: datetime,
    e_invoice: bytes | None = None,
) -> bytes:
    """Set a document as PDF/A, from a template and the data that `write` returns, which have a
    `title`; notes about what could not be shown are added to them. With an `e_invoice`, which is
    XML by EN 16931, it is a Factur-X document that has this file in it.

    `write` is called with `language` in force, and again in English if the fonts lack characters of
    our own words in that language; the document then says so. Characters of people's words that
    they lack are marked (Words). What is lacking is logged. The same content and `made_at` give the
    same bytes.
    """
    font_set = fonts.installed()
    words, paper = _written(language, write, font_set)
    unshown = _unshown(paper, font_set)
    in_place_of = []
    if unshown:
        in_place_of = [IN_ENGLISH.format(get_language_info(language)["name"])]
        words, paper = _written("en", write, font_set)
        paper["notes"][:0] = in_place_of
    paper["families"] = font_set.families_for(_strings(paper))
    with override("en"):
        notes = in_place_of + words.notes()
    if unshown or words.missing:
        _log_lack(paper["title"], notes, sorted(unshown | words.missing))
    data = json.dumps(paper)
    document = _press.submit(_compiled, template, data, font_set, made_at, e_invoice).result()
    if e_invoice is None:
        return document
    # Of a process that sets no e-invoices, pypdf takes no memory.
    from lib import factur_x

    return factur_x.named(document)


def _log_lack(title: str, notes: list[str], missing: list[str]) -> None:
    """Log a warning with the document's title, its `notes` (the sentences about what it could not
    show), the code points of the first LOGGED of the characters without a glyph, and which fonts to
    install. The caller sorts `missing`.
    """
    numbers = _numbers("".join(missing[:LOGGED])) + " …" * (len(missing) > LOGGED)
    log.warning("%s: %s No font has %s. Install %s.", title, " ".join(notes), numbers, fonts.WANTED)


def _compiled(
    template: str, data: str, font_set: FontSet, made_at: datetime, e_invoice: bytes | None
) -> bytes:
    """The PDF/A that typst makes, in the calling thread, of the template with this name and `data`
    (JSON), with `made_at` as its date; with `e_invoice` (XML in UTF-8) in it as a file, if there is
    one. Once a long document is made, typst's memory of it is freed.
    """
    inputs = {"paper": data}
    if e_invoice is not None:
        inputs["e_invoice"] = e_invoice.decode()
    document = typst.compile(
        str(TEMPLATES / f"{template}.typ"),
        root=str(TEMPLATES),
        font_paths=font_set.loaded,
        ignore_system_fonts=True,
        sys_inputs=inputs,
        pdf_standards="a-2b" if e_invoice is None else "a-3b",  # which may have files in it
        timestamp=int(made_at.timestamp()),
    )
    if len(data) > LONG_DOCUMENT:
        for _turn in range(KEPT_FOR):
            typst.compile(b"", font_paths=font_set.loaded, ignore_system_fonts=True)
    return document


def _written(
    language: str, write: Callable[[Words], Paper], font_set: FontSet
) -> tuple[Words, Paper]:
    """The Words that `write` used, and the data that it returns with `language` in force, to which
    notes and the language are added.
    """
    words = Words(font_set)
    with override(language):
        paper = write(words)
        return words, {
            **paper,
            "notes": words.notes(),
            "language": language.partition("-")[0],
            "region": REGIONS.get(language),
        }


def _unshown(paper: Paper, font_set: FontSet) -> set[str]:
    """The characters in the texts of this template's data that none of these fonts can show."""
    return {
        sign
        for cluster in fonts.clusters_of(_strings(paper))
        if not font_set.can_show(cluster)
        for sign in cluster
    }


def _strings(value: object) -> Iterator[str]:
    """Yields every string in a template's data, without the marks of places where a line may
    break.
    """
    if isinstance(value, str):
        yield value.replace(BREAK, "")
    elif isinstance(value, dict):
        for part in value.values():
            yield from _strings(part)
    elif isinstance(value, list):
        for part in value:
            yield from _strings(part)
