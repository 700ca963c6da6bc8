"""What a spreadsheet says, cell by cell."""

import re
import zipfile
from io import BytesIO
from xml.etree import ElementTree

SPACE = {"s": "http://schemas.openxmlformats.org/spreadsheetml/2006/main"}


def cells_of(document: bytes) -> list[list[str]]:
    """The rows of the only sheet; a number as "n:3.5", a formula as "f:…", text as it is."""
    with zipfile.ZipFile(BytesIO(document)) as book:
        sheet = ElementTree.fromstring(book.read("xl/worksheets/sheet1.xml"))
    return [_row(row) for row in sheet.iterfind(".//s:row", SPACE)]


def _row(row: ElementTree.Element) -> list[str]:
    """The cells of a row, empty ones as well, which a sheet leaves out; up to column Z."""
    cells = {ord(cell.get("r", "A")[0]) - ord("A"): _said(cell) for cell in row}
    return [cells.get(place, "") for place in range(max(cells, default=-1) + 1)]


def _said(cell: ElementTree.Element) -> str:
    """What the cell has: its text, "f:" and a formula, or "n:" and a number."""
    if cell.find("s:f", SPACE) is not None:
        return "f:" + str(cell.findtext("s:f", "", SPACE))
    if cell.get("t") == "inlineStr":
        return re.sub(r"\s+", " ", "".join(cell.itertext()))
    return "n:" + str(cell.findtext("s:v", "", SPACE))
