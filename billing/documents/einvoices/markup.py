"""XML as elements one below the other, each named by the prefix of its namespace."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from xml.etree import ElementTree

from moneyed import Money

from lib import texts


class Writer:
    """Writes XML elements whose names have a prefix; `namespaces` are the addresses by prefix."""

    def __init__(self, namespaces: Mapping[str, str]) -> None:
        self._namespaces = namespaces
        for prefix, uri in namespaces.items():
            ElementTree.register_namespace(prefix, uri)

    def root(self, name: str) -> ElementTree.Element:
        """A new root element with this name, such as `rsm:CrossIndustryInvoice`."""
        return ElementTree.Element(self._tag(name))

    def add(
        self, parent: ElementTree.Element, path: str, text: str | None = None, **attributes: str
    ) -> ElementTree.Element:
        """Add what `path` names below the parent, such as `cac:Item/cbc:Name`, each of them anew,
        and return the last, which has the text (as XML can say it) and the attributes.
        """
        for name in path.split("/"):
            parent = ElementTree.SubElement(parent, self._tag(name))
        parent.text = None if text is None else texts.for_xml(text)
        parent.attrib.update(attributes)
        return parent

    def optional(
        self, parent: ElementTree.Element, path: str, text: str, **attributes: str
    ) -> None:
        """Add the elements that `path` names below the parent, each anew, with this text and these
        attributes at the last; nothing at all if the text is "".
        """
        if text:
            self.add(parent, path, text, **attributes)

    def _tag(self, name: str) -> str:
        """The name of an element as ElementTree wants it: its prefix becomes the namespace in
        braces.
        """
        prefix, _, local = name.partition(":")
        return f"{{{self._namespaces[prefix]}}}{local}"


def document(root: ElementTree.Element) -> bytes:
    """The XML file with this root, indented and in UTF-8."""
    ElementTree.indent(root)
    content: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return content + b"\n"


def amount(money: Money) -> str:
    """The figure of an amount with the digits that it has, without its currency."""
    return f"{money.amount:f}"


def percent(rate: Decimal) -> str:
    """A rate as a plain number, without zeros at the end of its decimals: 20, or 5.5."""
    return f"{rate.normalize():f}"


def day(on: date) -> str:
    """A day as format 102 of UN/EDIFACT: 20261102."""
    return on.strftime("%Y%m%d")
