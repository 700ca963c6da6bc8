"""The metadata by which a PDF says that it is an e-invoice, too (Factur-X 1.0, ZUGFeRD 2).

typst makes the PDF/A-3 and puts the file into it, but has no words of its own for its metadata.
"""

import io

from pypdf import PdfWriter
from pypdf.generic import StreamObject

FILE_NAME = "factur-x.xml"
SCHEMA = "urn:factur-x:pdfa:CrossIndustryDocument:invoice:1p0#"
PROPERTIES = {  # with what PDF/A wants to know about each
    "DocumentType": ("INVOICE", "The kind of document that the file is"),
    "DocumentFileName": (FILE_NAME, "The name of the file"),
    "Version": ("1.0", "The version of Factur-X"),
    "ConformanceLevel": ("EN 16931", "How much the file says"),
}
SCHEMAS = "<pdfaExtension:schemas><rdf:Bag>"  # where the others are declared
END = "</rdf:RDF>"


def named(document: bytes) -> bytes:
    """Return the PDF with metadata that say that it has an e-invoice in it. The rest of its bytes
    stay as they are, and the same document gives the same bytes.
    """
    writer = PdfWriter(io.BytesIO(document), incremental=True)
    metadata = writer.root_object["/Metadata"].get_object()
    assert isinstance(metadata, StreamObject)
    said = metadata.get_data().decode()
    assert SCHEMAS in said
    said = said.replace(SCHEMAS, SCHEMAS + _declared(), 1).replace(END, _values() + END, 1)
    metadata.set_data(said.encode())
    whole = io.BytesIO()
    writer.write(whole)
    return whole.getvalue()


def _declared() -> str:
    """The XML by which a PDF/A declares the properties of Factur-X."""
    properties = "".join(
        '<rdf:li rdf:parseType="Resource"><pdfaProperty:category>external</pdfaProperty:category>'
        f"<pdfaProperty:description>{about}</pdfaProperty:description>"
        f"<pdfaProperty:name>{name}</pdfaProperty:name>"
        "<pdfaProperty:valueType>Text</pdfaProperty:valueType></rdf:li>"
        for name, (_value, about) in PROPERTIES.items()
    )
    return (
        '<rdf:li rdf:parseType="Resource"><pdfaSchema:schema>Factur-X</pdfaSchema:schema>'
        f"<pdfaSchema:namespaceURI>{SCHEMA}</pdfaSchema:namespaceURI>"
        "<pdfaSchema:prefix>fx</pdfaSchema:prefix>"
        f"<pdfaSchema:property><rdf:Seq>{properties}</rdf:Seq></pdfaSchema:property></rdf:li>"
    )


def _values() -> str:
    """The XML, an rdf:Description, with the values of the properties by which a PDF says that it is
    a Factur-X document.
    """
    values = "".join(f"<fx:{name}>{value}</fx:{name}>" for name, (value, _) in PROPERTIES.items())
    return f'<rdf:Description rdf:about="" xmlns:fx="{SCHEMA}">{values}</rdf:Description>'
