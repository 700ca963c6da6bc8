"""The fonts of documents, and whether they have a glyph for a character.

typst prints a box, silently, for what no font has; so the fonts are asked first.
"""

import logging
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from functools import cache

import typst
from django.conf import settings
from fontTools.ttLib import TTFont, TTLibError

log = logging.getLogger(__name__)

# What a server wants to have installed: docs/operations.md says the same, and so does the log.
WANTED = (
    "fonts-noto-core for Latin and Thai letters (fonts-thai-tlwg has Thai ones, too)"
    " and fonts-noto-cjk for Chinese ones"
)
# Each character looks for its glyph in these families first, in this order, and then in whatever
# else is installed, by the alphabet.
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
OUTLINES = ("glyf", "CFF ", "CFF2")  # tables of which a font has one, unless it is of pictures
NO_CHARACTER = 0xFDD0  # a font that has it has the same box for everything

Face = tuple[str | None, int]  # a file, and its place in it where the file is a collection


class FontSet:
    """The fonts in `folders`, or those of the system if no folders are named. Threads may share
    it.
    """

    def __init__(self, folders: Sequence[str]) -> None:
        """Load the fonts of these folders, or the system's without any: the families in FAMILIES
        that are there, in that order, and after them one family of each other file.
        """
        self.loaded = typst.Fonts(include_system_fonts=not folders, font_paths=list(folders))
        members: dict[str, list[typst.FontInfo]] = {}
        for font in self.loaded.fonts():
            members.setdefault(font.family, []).append(font)
        self._faces = {name: _used(members[name]) for name in FAMILIES if name in members}
        # One family of each other file: those of a collection differ in shape; reading takes long.
        files = {path for faces in self._faces.values() for path, _index in faces} | {None}
        for name in sorted(members.keys() - set(FAMILIES)):
            faces = _used(members[name])
            if files.isdisjoint(path for path, _index in faces):
                self._faces[name] = faces
                files.update(path for path, _index in faces)
        self._found: dict[str, str | None] = {}

    def families_for(self, texts: Iterable[str]) -> list[str]:
        """The font families with which to set the texts, in the order in which to look for glyphs:
        all installed ones of FAMILIES, and others that a character needs.
        """
        used = {self.family_of(cluster) for cluster in clusters_of(texts)}
        return [name for name in self._faces if name in FAMILIES or name in used]

    def can_show(self, text: str) -> bool:
        """Whether there is a glyph for every character of the text, with its accents."""
        return all(self.family_of(cluster) is not None for cluster in clusters_of([text]))

    def family_of(self, cluster: str) -> str | None:
        """The first family that has all characters of the cluster, as typst takes no accent from
        another one; None if no family has them.
        """
        if cluster not in self._found:
            signs = set(map(ord, cluster))
            self._found[cluster] = next(
                (name for name, faces in self._faces.items() if signs <= _characters(faces)), None
            )
        return self._found[cluster]


def clusters_of(texts: Iterable[str]) -> set[str]:
    """Each character of the texts together with the accents that are on it, once."""
    found: set[str] = set()
    for text in texts:
        found.update(text if text.isascii() else clusters(text))  # no accent is ASCII
    return found


def clusters(text: str) -> Iterator[str]:
    """Yields each character together with the accents that are on it."""
    cluster = ""
    for character in text:
        if cluster and not unicodedata.category(character).startswith("M"):
            yield cluster
            cluster = ""
        cluster += character
    if cluster:
        yield cluster


def _used(family: Sequence[typst.FontInfo]) -> tuple[Face, ...]:
    """The faces of the family that typst may use for upright text of our weights: those closest to
    it in style, width and weight.
    """
    faces: dict[Face, None] = {}
    for weight in WEIGHTS:
        distances = [
            (font.style != "normal", abs(font.stretch - 1), abs(font.weight - weight))
            for font in family
        ]
        for font, distance in zip(family, distances, strict=True):
            if distance == min(distances):
                faces[font.path, font.index] = None
    return tuple(faces)


@cache
def _characters(faces: tuple[Face, ...]) -> frozenset[int]:
    """The characters that every face of a family has; cached, as reading a Chinese font takes 0.4 s
    and 10 MB.
    """
    return frozenset.intersection(*(_characters_of(*face) for face in faces))


def _characters_of(path: str | None, index: int) -> frozenset[int]:
    """The numbers of the characters that the face has a glyph for; none if the file can't be read,
    which is logged, if the font has no outlines, or if it has one box for every character. Without
    a path it is the font within typst, and these are EMBEDDED.
    """
    if path is None:
        return EMBEDDED
    try:
        with TTFont(path, fontNumber=index, lazy=True) as font:
            has = font.getBestCmap() if any(table in font for table in OUTLINES) else None
    except (OSError, TTLibError) as error:
        log.warning("The font %s is not used, as it can't be read: %s", path, error)
        has = None
    return frozenset() if not has or NO_CHARACTER in has else frozenset(has)


def installed() -> FontSet:
    """The fonts that documents are set in on this server, looked for once per process."""
    return _fonts_of(tuple(settings.TAEL_FONT_PATHS))


@cache
def _fonts_of(folders: tuple[str, ...]) -> FontSet:
    """The set of fonts in these folders, loaded once per process."""
    return FontSet(folders)
