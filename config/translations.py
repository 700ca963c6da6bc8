"""Finds texts that are marked for translation and updates the catalogues, with Babel alone.

`manage.py messages` finds every marked text in code and templates, adds the new ones to the .po
files and compiles those; a test fails where a translation is missing. No gettext needs to be
installed.
"""

import io
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir, extract_python
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.conf import settings
from django.utils.translation import to_locale
from django.utils.translation.template import templatize

SOURCES = (
    "lib",
    "merchants",
    "notices",
    "credit",
    "billing",
    "gateway",
    "pages",
    "config",
    "templates",
)
KEYWORDS = DEFAULT_KEYWORDS | {
    "gettext_lazy": None,
    "gettext_noop": None,
    "translated": None,  # `gettext` where `_` is the lazy one
    "ngettext_lazy": (1, 2),
    "pgettext_lazy": ((1, "c"), 2),
}
# A call of one of them: most files of code have none.
MARKED = re.compile(rf"\b({'|'.join(KEYWORDS)})\s*\(".encode())
LANGUAGES = [code for code, _ in settings.LANGUAGES if code != "en"]
# Our texts are written in English. Its catalogue has only what other packages word unlike ours:
# people write it, and nothing is added to it.
ENGLISH = "en"
# Compiled from the same .po file, the bytes are the same: its dates stand still.
BEGAN = datetime(2026, 11, 22, tzinfo=UTC)
HEADER = "# Translations of Tael. Written by people; `manage.py messages` only adds and removes."


def template(file: IO[bytes], keywords: Any, comment_tags: Any, options: Any) -> Iterator[Any]:
    """Extract the marked texts of a Django template for Babel, by Django's own parser."""
    # It comes as Python code with the template's own indentation, which means nothing to Python.
    code = "\n".join(line.lstrip() for line in templatize(file.read().decode()).split("\n"))
    yield from extract_python(io.BytesIO(code.encode()), keywords, comment_tags, options)


def python(file: IO[bytes], keywords: Any, comment_tags: Any, options: Any) -> Iterator[Any]:
    """Extract the marked texts of a Python file for Babel, which takes long to read one that has
    none.
    """
    code = file.read()
    if MARKED.search(code):
        yield from extract_python(io.BytesIO(code), keywords, comment_tags, options)


METHODS = [
    ("**/migrations/*_initial.py", "ignore"),
    ("**.py", "config.translations:python"),
    ("**.html", "config.translations:template"),
]


def found() -> Catalog:
    """A catalogue of all texts that are marked for translation in the code and templates, with the
    files in which each occurs. Nothing is written.
    """
    catalog = Catalog()
    for folder in SOURCES:
        root = settings.BASE_DIR / folder
        for name, _, message, _, context in extract_from_dir(root, METHODS, keywords=KEYWORDS):
            catalog.add(message, locations=[(f"{folder}/{name}", 0)], context=context)
    return catalog


def update() -> None:
    """Bring each .po file up to date with the code, and compile it to a .mo file. New texts are
    added untranslated; texts that are no longer in the code are removed. English is only compiled.
    """
    words = found()
    for language in LANGUAGES:
        path = _po(language)
        catalog = _read(language)
        catalog.update(words, no_fuzzy_matching=True)
        catalog.obsolete.clear()
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(_po_bytes(catalog))
        _mo(language).write_bytes(_mo_bytes(_read(language)))
    _mo(ENGLISH).write_bytes(_mo_bytes(_read(ENGLISH)))


def problems() -> list[str]:
    """Return a sentence for each text that is not in a catalogue, is not translated, is
    fuzzy, has a faulty translation, or is no longer in the code, and for each compiled file
    that is missing or stale; an empty list if all is well. The English catalogue, which has
    only what we word otherwise than other packages, is checked for texts that are no longer
    in the code and for its compiled file alone.
    """
    words = found()
    return [
        *(problem for language in LANGUAGES for problem in _problems(language, words)),
        *_problems_of_catalog(ENGLISH, _read(ENGLISH), words),
    ]


def _problems(language: str, words: Catalog) -> Iterator[str]:
    """Yield a sentence for each thing that is wrong with a language's catalogue or compiled file;
    `words` are the texts in the code.
    """
    catalog = _read(language)
    for message in words:
        if message.id and (known := catalog.get(message.id, message.context)) is None:
            yield f"{language}: not in the catalogue: {message.id!r}"
        elif message.id and known is not None:
            yield from _problems_of(language, known)
    yield from _problems_of_catalog(language, catalog, words)


def _problems_of_catalog(language: str, catalog: Catalog, words: Catalog) -> Iterator[str]:
    """Yield a sentence for each text of a catalogue that is not among `words`, the texts in the
    code, and one if the language's compiled file is missing or stale.
    """
    for message in catalog:
        if message.id and words.get(message.id, message.context) is None:
            yield f"{language}: not in the code any more: {message.id!r}"
    if not _mo(language).is_file() or _mo(language).read_bytes() != _mo_bytes(catalog):
        yield f"{language}: the compiled file is stale"


def _problems_of(language: str, message: Message) -> Iterator[str]:
    """Yield a sentence for each thing that is wrong with one translation: it is missing, fuzzy, or
    does not fit its text.
    """
    texts = [message.string] if isinstance(message.string, str) else message.string
    if not texts or not all(texts):
        yield f"{language}: not translated: {message.id!r}"
    if message.fuzzy:
        yield f"{language}: fuzzy: {message.id!r}"
    for error in message.check():
        yield f"{language}: {error}: {message.id!r}"


def _folder(language: str) -> Path:
    """The path of the folder with the language's catalogue."""
    return settings.BASE_DIR / "config" / "locale" / to_locale(language) / "LC_MESSAGES"


def _po(language: str) -> Path:
    """The path of the language's catalogue, which people edit."""
    return _folder(language) / "django.po"


def _mo(language: str) -> Path:
    """The path of the language's compiled catalogue."""
    return _folder(language) / "django.mo"


def _read(language: str) -> Catalog:
    """The language's catalogue as read from its .po file; an empty one if it has none yet."""
    locale = to_locale(language)
    if not _po(language).is_file():
        return Catalog(
            locale=locale,
            header_comment=HEADER,
            project="Tael",
            version="1",
            creation_date=BEGAN,
            revision_date=BEGAN,
            fuzzy=False,
        )
    with _po(language).open("rb") as file:
        return read_po(file, locale=locale)


def _po_bytes(catalog: Catalog) -> bytes:
    """The content of the .po file for this catalogue."""
    buffer = io.BytesIO()
    write_po(buffer, catalog, width=100, sort_output=True, omit_header=False, include_lineno=False)
    return buffer.getvalue()


def _mo_bytes(catalog: Catalog) -> bytes:
    """The content of the compiled file for this catalogue."""
    buffer = io.BytesIO()
    write_mo(buffer, catalog)
    return buffer.getvalue()
