"""Reads XML that somebody else wrote, without giving it anything to do (rule 29.10).

No document type, no entities, nothing from elsewhere, no more than LARGEST bytes: what asks for any
of them is refused before it is read.
"""

import re
from datetime import date
from decimal import Decimal
from xml.etree.ElementTree import Element

import defusedxml.ElementTree
from defusedxml import DefusedXmlException

from lib.bank_files.said import UnreadableFile

LARGEST = 10 * 1024 * 1024  # of a bank's file, in bytes
MESSAGE = re.compile(r"urn:iso:std:iso:20022:tech:xsd:([a-z]{4}\.\d{3}\.\d{3}\.\d{2})")
AMOUNT = re.compile(r"\d{1,18}(\.\d{1,5})?")


def parse(content: bytes) -> tuple[str, Element]:
    """The ISO 20022 message in the file: its name, such as "camt.053.001.08", and its root, of
    which no tag has its namespace any more. Raises UnreadableFile for a file that is larger than
    LARGEST, is no whole XML or no such message, or has a document type or entities.
    """
    if len(content) > LARGEST:
        raise UnreadableFile("the file is larger than 10 MB")
    try:
        root: Element = defusedxml.ElementTree.fromstring(content.lstrip(), forbid_dtd=True)
    except DefusedXmlException:
        raise UnreadableFile(
            "the file has a document type or entities, which no bank sends"
        ) from None
    except (SyntaxError, ValueError, LookupError) as error:  # ParseError is a SyntaxError
        raise UnreadableFile(f"the file is no whole XML: {error}") from None
    namespace, _, name = root.tag.rpartition("}")
    known = MESSAGE.fullmatch(namespace.removeprefix("{"))
    if known is None or name != "Document":
        raise UnreadableFile("the file is XML, but no message of ISO 20022")
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
    return known[1], root


def text(element: Element | None, *paths: str) -> str:
    """The text of the first of these paths below the element that has any, with single spaces; ""
    if none has.
    """
    for path in paths:
        found = element.find(path) if element is not None else None
        if found is not None and found.text and found.text.strip():
            return " ".join(found.text.split())
    return ""


def texts(element: Element, path: str) -> list[str]:
    """The texts of all elements at the path, each with single spaces; an element that has nothing
    in it is left out, and one of white space alone gives "".
    """
    return [" ".join(one.text.split()) for one in element.findall(path) if one.text]


def amount(element: Element | None, path: str, where: str) -> tuple[Decimal, str] | None:
    """The amount and the currency at the path, or None if there is none. Raises UnreadableFile for
    what is no amount, naming `where` it stands.
    """
    found = element.find(path) if element is not None else None
    if found is None:
        return None
    said, currency = (found.text or "").strip(), found.get("Ccy") or ""
    if not AMOUNT.fullmatch(said) or not re.fullmatch("[A-Z]{3}", currency):
        raise UnreadableFile(f"{where}: “{said[:40]} {currency[:10]}” is no amount")
    return Decimal(said), currency


def day(element: Element | None, path: str, where: str) -> date | None:
    """The day at the path, which has a day or an instant below it, or None if there is none. Of an
    instant it is the day that is written there, in whatever time zone. Raises UnreadableFile for
    what is no day, naming `where` it stands.
    """
    said = text(element, f"{path}/Dt", f"{path}/DtTm")
    if not said:
        return None
    try:
        return date.fromisoformat(said[:10])
    except ValueError:
        raise UnreadableFile(f"{where}: “{said[:40]}” is no day") from None
