"""Who is on the other side of a line of a bank's statement, and what they wrote: it is kept
encrypted, and found by marks (rule 29.27).
"""

import json
from dataclasses import asdict, dataclass
from typing import Any

from lib import encrypted, secrets
from lib.bank_files.said import compact

ACCOUNT, NAME = "account of a bank line", "name on a bank line"


@dataclass(frozen=True)
class OtherSide:
    """The payer, or of what went out the payee, as far as the bank names them."""

    name: str = ""
    account: str = ""  # an IBAN or another number
    text: str = ""  # what they wrote, without the structured reference

    def __bool__(self) -> bool:
        return bool(self.name or self.account or self.text)


def put(line: Any, side: OtherSide) -> None:
    """Encrypt who is on the other side into the line, in place of what it had, and set the line's
    two marks, of account and name, by the first key. Where nobody is named all three become empty.
    The line must have its statement and number, to which the content is bound; the caller saves it.
    """
    content = json.dumps(asdict(side), ensure_ascii=False).encode() if side else b""
    encrypted.put(line, "other_side", content)
    line.other_account_mark = account_marks(side.account)[0]
    line.other_name_mark = name_marks(side.name)[0]


def read(line: Any) -> OtherSide:
    """Who is on the other side of the line; nobody, if the bank did not say, or it is not kept any
    more. Raises Undecryptable.
    """
    content = encrypted.read(line, "other_side")
    return OtherSide(**json.loads(content)) if content else OtherSide()


def readable(line: Any) -> OtherSide:
    """Who is on the other side of the line, for people who look at it: where no key of ours opens
    it any more, that stands in place of the name.
    """
    try:
        return read(line)
    except secrets.Undecryptable:
        return OtherSide(name="(no key opens it)")


def marks(line: Any) -> dict[str, str]:
    """The marks of the line's other side, account and name, by the first key, as the values of the
    columns that keep them. Raises Undecryptable.
    """
    side = read(line)
    return {
        "other_account_mark": account_marks(side.account)[0],
        "other_name_mark": name_marks(side.name)[0],
    }


def account_marks(account: str) -> list[str]:
    """The marks by which lines with this account on their other side are found, however its number
    is spaced; the first key's mark first. For an empty number it is "" alone, which lines without
    an account have.
    """
    return _marks(compact(account), ACCOUNT)


def name_marks(name: str) -> list[str]:
    """The marks by which lines with this name on their other side are found, in whatever case; the
    first key's mark first. For an empty name it is "" alone.
    """
    return _marks(" ".join(name.split()).casefold(), NAME)


def _marks(text: str, purpose: str) -> list[str]:
    """The marks of the text for this purpose, one by each of our keys, the first key's first; ""
    alone for an empty text.
    """
    return secrets.marks(text, purpose=purpose) if text else [""]
