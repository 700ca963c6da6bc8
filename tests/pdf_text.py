"""What a PDF says, page by page."""

from io import BytesIO

from pypdf import PdfReader


def pages_of(document: bytes) -> list[str]:
    """The words of each page, in their order."""
    return [" ".join(page.extract_text().split()) for page in PdfReader(BytesIO(document)).pages]


def fonts_of(document: bytes) -> set[str]:
    """The fonts whose glyphs the document brings along, such as `NotoSansThai-Regular`."""
    found = set()
    for page in PdfReader(BytesIO(document)).pages:
        for font in page["/Resources"]["/Font"].values():  # type: ignore[index]
            found.add(font["/BaseFont"].split("+")[-1])
    return found
