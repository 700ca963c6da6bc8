"""Reads a payment status report, pain.002, of any version (rule 29.22).

It speaks of a whole file, of its parts, and of single transfers; what is said of a smaller one goes
before what is said of a larger one.
"""

from collections.abc import Iterator
from xml.etree.ElementTree import Element

from credit.answer_files.said import Said, UnreadableFile
from lib.bank_files import xml_tree
from lib.bank_files.xml_tree import text, texts


def read(root: Element) -> list[Said]:
    """What the report says, in its order, but of single transfers first, then of their part, and
    last of the whole file. Raises UnreadableFile, also for a report without any status.
    """
    report = root.find("CstmrPmtStsRpt")
    group = report.find("OrgnlGrpInfAndSts") if report is not None else None
    if report is None or group is None:
        raise UnreadableFile("The pain.002 names no file that it is about.")
    name = text(report, "GrpHdr/MsgId")
    file = text(group, "OrgnlMsgId")
    found: list[Said] = []
    for part in report.findall("OrgnlPmtInfAndSts"):
        transfers = list(_transfers(part, name))
        found += transfers
        about = _about(
            part, "PmtInfSts", name, file, text(part, "OrgnlPmtInfId"), _references(transfers)
        )
        found += about
    found += _about(group, "GrpSts", name, file, "", _references(found), _parts(found))
    if not found:
        raise UnreadableFile(f"The pain.002 {name} has no status of anything.")
    return found


def _transfers(part: Element, name: str) -> Iterator[Said]:
    """Yield what a part of the report says of each transfer that it names; one without a status or
    a reason of its own has the part's, and one without a reference of the bank's has `name`, the
    report's own. Raises UnreadableFile for an amount that cannot be read.
    """
    for place, one in enumerate(part.findall("TxInfAndSts"), start=1):
        said = xml_tree.amount(one, "OrgnlTxRef/Amt/InstdAmt", f"{name}, transfer {place}")
        yield Said(
            reference=text(one, "OrgnlEndToEndId", "OrgnlInstrId"),
            # Without a status of its own, it has that of its part.
            status=text(one, "TxSts") or text(part, "PmtInfSts"),
            bank_reference=text(one, "AcctSvcrRef", "ClrSysRef", "StsId") or name,
            reason=_reason(one) or _reason(part),
            amount=f"{said[0]:f}" if said else "",
            currency=said[1] if said else "",
        )


def _about(
    element: Element,
    status: str,
    name: str,
    file: str,
    part: str,
    told_apart: frozenset[str],
    parts: frozenset[str] = frozenset(),
) -> list[Said]:
    """What the report says of a whole file, or of its part called `part`, as a list of one answer;
    empty if the element has no text at the path `status`. `name` is the bank's reference of the
    report. The answer is not about the withdrawals with the references in `told_apart`, nor the
    parts named in `parts`, of which the report speaks by themselves.
    """
    code = text(element, status)
    if not code:
        return []
    return [
        Said(
            reference=part or file,
            status=code,
            bank_reference=name,
            reason=_reason(element),
            file=file,
            part=part,
            told_apart=told_apart | parts,
        )
    ]


def _references(found: list[Said]) -> frozenset[str]:
    """The references of the withdrawals of which something is said on their own."""
    return frozenset(one.reference for one in found if not one.is_about_many)


def _parts(found: list[Said]) -> frozenset[str]:
    """The names of the parts of which something is said as a whole."""
    return frozenset(one.part for one in found if one.part)


def _reason(element: Element) -> str:
    """The first reason code that the element has, with a colon and all that the bank adds in words;
    "" if it gives no reason.
    """
    codes = [
        text(one, "Rsn/Cd", "Rsn/Prtry") for one in element.findall("StsRsnInf")
    ]  # fmt: skip
    words = texts(element, "StsRsnInf/AddtlInf")
    code = next(filter(None, codes), "")
    return " ".join([f"{code}:" if code and words else code, *words]).strip()
