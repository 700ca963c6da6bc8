"""The fonts of documents, and whether they have a glyph for a character.

typst prints a box, silently, for what no font has; so the fonts are asked first.
"""

from collections.abc import Sequence
from functools import cache

import typst
from django.conf import settings
from fontTools.ttLib import TTFont

# Each character looks for its glyph in this order, and nowhere else. docs/operations.md names the
# Debian packages.
FAMILIES = (
    "Noto Sans",
    "Noto Sans Thai",
    "Noto Sans Thai Looped",
    "Noto Looped Thai",
    "Liberation Sans",  # before the wide ones, for the minus sign that Noto Sans lacks
    "Noto Sans CJK SC",
    "Source Han Sans SC",
    "WenQuanYi Micro Hei",
    "WenQuanYi Zen Hei",
    "Loma",
    "Garuda",
    "DejaVu Sans",
    "Libertinus Serif",  # comes with typst itself
)
WEIGHTS = (400, 700)  # the templates use no other
# What the font within typst has for certain; it is no file that could be asked.
EMBEDDED = frozenset([*range(0x20, 0x7F), *range(0xA0, 0x250), *map(ord, "‘’“”–—…−€\u202f")])

Face = tuple[str | None, int]  # a file, and its place in it where the file is a collection


class FontSet:
    """The fonts of some folders, or the system's when none is named. Threads may share it."""

    def __init__(self, folders: Sequence[str]) -> None:
        self.loaded = typst.Fonts(include_system_fonts=not folders, font_paths=list(folders))
        faces: dict[str, list[Face]] = {}
        for font in self.loaded.fonts():
            if (font.style, font.stretch) == ("normal", 1.0) and font.weight in WEIGHTS:
                faces.setdefault(font.family, []).append((font.path, font.index))
        self._faces = {name: tuple(faces[name]) for name in FAMILIES if name in faces}

    @property
    def families(self) -> list[str]:
        return list(self._faces)

    def can_show(self, text: str) -> bool:
        return all(
            any(ord(character) in _characters(faces) for faces in self._faces.values())
            for character in set(text)
        )


@cache
def _characters(faces: tuple[Face, ...]) -> frozenset[int]:
    """What every face of a family has; read when first needed: Chinese takes 0.2 s and 10 MB."""
    return frozenset.intersection(*(_characters_of(*face) for face in faces))


def _characters_of(path: str | None, index: int) -> frozenset[int]:
    if path is None:
        return EMBEDDED
    with TTFont(path, fontNumber=index, lazy=True) as font:
        return frozenset(font.getBestCmap() or ())


def installed() -> FontSet:
    """The fonts that documents are set in on this server, looked for once per process."""
    return _fonts_of(tuple(settings.TAEL_FONT_PATHS))


@cache
def _fonts_of(folders: tuple[str, ...]) -> FontSet:
    return FontSet(folders)
