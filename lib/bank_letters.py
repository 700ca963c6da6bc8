"""The letters that banks take in payment files: Latin ones without accents, digits and a few signs.

Banks of the euro area agreed on them, and on how other alphabets of Europe are written in them (the
European Payments Council's guidance EPC217-08). Nothing is left out in silence: a name in letters
that nobody agreed on, such as Chinese ones, is refused.
"""

import re
import unicodedata

PERMITTED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789/-?:().,'+ ")
# Letters that are no letter with an accent, and those that people write in two.
_LATIN = {
    **{"ß": "ss", "ẞ": "SS", "æ": "ae", "Æ": "AE", "œ": "oe", "Œ": "OE", "ø": "o", "Ø": "O"},
    **{"ł": "l", "Ł": "L", "đ": "d", "Đ": "D", "ð": "d", "Ð": "D", "þ": "th", "Þ": "TH"},
    **{"ı": "i", "ŋ": "n", "Ŋ": "N", "ħ": "h", "Ħ": "H", "ŧ": "t", "Ŧ": "T", "ĸ": "k"},
    **{"ä": "ae", "ö": "oe", "ü": "ue", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue"},
}


def _alphabet(pairs: str) -> dict[str, str]:
    """The letters that banks take for each letter of another alphabet, by that letter, from a text
    of pairs such as "α=a β=v", with blanks between them.
    """
    return {letter: plain for letter, _, plain in (pair.partition("=") for pair in pairs.split())}


_GREEK = _alphabet(
    "α=a β=v γ=g δ=d ε=e ζ=z η=i θ=th ι=i κ=k λ=l μ=m ν=n ξ=x ο=o π=p ρ=r σ=s ς=s τ=t "
    "υ=y φ=f χ=ch ψ=ps ω=o"
)
_CYRILLIC = _alphabet(
    "а=a б=b в=v г=g д=d е=e ж=zh з=z и=i й=y к=k л=l м=m н=n о=o п=p р=r с=s т=t у=u "
    "ф=f х=h ц=ts ч=ch ш=sh щ=sht ъ=a ь=y ю=yu я=ya ы=y э=e ё=e і=i ї=i є=ye ґ=g ј=j "
    "љ=lj њ=nj ћ=c ђ=d џ=dz ѓ=g ќ=k ѕ=dz"
)
_SIGNS = {"&": "+", "_": "-", "‘": "'", "’": "'", "`": "'", "–": "-", "—": "-", ";": ",", "№": "No"}


class NotWritable(Exception):
    """The text has letters that no bank takes; `letters` are those, each once."""

    def __init__(self, letters: str) -> None:
        super().__init__(letters)
        self.letters = letters


def latin(text: str, longest: int) -> str:
    """The text in letters that every bank takes, with single blanks, cut off after `longest`
    letters. Signs that banks do not take become blanks. Raises NotWritable for letters and digits
    that cannot be written so, and for a text of which nothing is left.
    """
    written, unknown = [], []
    for letter in unicodedata.normalize("NFC", text):
        plain = _plain(letter)
        if plain is None:
            unknown.append(letter)
        else:
            written.append(plain)
    if unknown:
        raise NotWritable("".join(dict.fromkeys(unknown)))
    return _cut("".join(written), longest, text)


def as_written(text: str, longest: int) -> str:
    """The text in its own letters, for banks that take those of their country: with single blanks,
    cut off after `longest` letters. Raises NotWritable for an empty one.
    """
    return _cut(unicodedata.normalize("NFKC", text), longest, text)


def _cut(written: str, longest: int, text: str) -> str:
    """The text `written` with single blanks, cut off after `longest` letters. Raises NotWritable,
    which names the original `text`, if nothing is left.
    """
    found = re.sub(r"\s+", " ", written).strip()[:longest].strip()
    if not found:
        raise NotWritable(text)
    return found


def _plain(letter: str) -> str | None:
    """The letters that a bank takes in place of this letter or sign: a blank for a sign that no
    bank takes, and None for a letter or digit that cannot be written in them.
    """
    if letter in PERMITTED:
        return letter
    if letter in _LATIN:
        return _LATIN[letter]
    if letter in _SIGNS:
        return _SIGNS[letter]
    for alphabet in (_GREEK, _CYRILLIC):
        if letter.lower() in alphabet:
            plain = alphabet[letter.lower()]
            return plain if letter.islower() else plain.capitalize()
    bare = "".join(
        one for one in unicodedata.normalize("NFKD", letter) if not unicodedata.combining(one)
    )
    if bare and bare != letter:  # without its accent, in a plain width, or a sign made of letters
        parts = [_plain(one) for one in bare]
        return None if None in parts else "".join(one for one in parts if one is not None)
    return None if letter.isalnum() or unicodedata.category(letter)[0] == "M" else " "
