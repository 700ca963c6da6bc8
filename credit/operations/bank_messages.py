"""What a bank's messages say, withdrawal by withdrawal (rule 29.22, rule 29.23), and of which cell
that is (rule 30.12).
"""

from collections.abc import Iterator, Mapping, Sequence

from credit.answer_files import camt_054, pain_002
from credit.answer_files.said import BATCH, CREDITED, PENDING, UNDER_WAY, Said, UnreadableFile
from credit.models import PaymentFile, PayoutAnswer, PayoutAnswerFile, Withdrawal
from credit.operations import batches
from credit.payment_files import names, pain_001
from lib import cells
from lib.bank_files import camt, xml_tree
from lib.bank_files import said as bank_said
from merchants import installation, moved

Form = PayoutAnswerFile.Form
MARK = b"\xef\xbb\xbf"
ABOUT_FILE = {*UNDER_WAY, "PART"}  # what is said of a file, and of none of its withdrawals


def is_one(content: bytes) -> bool:
    """Whether the file may be a message of a bank: it begins as XML does."""
    return content.removeprefix(MARK).lstrip().startswith(b"<")


def read(content: bytes) -> tuple[str, list[Said]]:
    """Read a message of the bank. Returns its form, Form.PAIN_002 or Form.CAMT_054, and
    what it says: each time of one withdrawal, of a whole payment file of ours or a part of
    one, or of a sum that was booked without details. Nothing is looked up or written.
    Raises UnreadableFile for what cannot be read, and for a message of any other form.
    """
    try:
        message, root = xml_tree.parse(content)
        if message.startswith(Form.PAIN_002):
            return Form.PAIN_002, list(pain_002.read(root))
        if message.startswith(Form.CAMT_054):
            return Form.CAMT_054, list(camt_054.read(camt.read(content)))
    except bank_said.UnreadableFile as error:
        raise UnreadableFile(f"The file cannot be read: {error}.") from None
    raise UnreadableFile(f"The file is a {message}, and neither pain.002 nor camt.054.")


def of_each(form: str, said: Said) -> Iterator[Said]:
    """Yield what is said, in a file of this form, of each withdrawal. What a pain.002 says of a
    whole file or part is said of each withdrawal that is in it and not told of on its own, and of
    none if all are; a sum that a camt.054 says was booked without details, of each withdrawal that
    makes it up. Whatever else is said, or is about nothing that we know, is yielded as it is.
    """
    if form == Form.PAIN_002:
        yield from _each(said)
    elif form == Form.CAMT_054:
        yield from _of_notice(said)
    else:
        yield said


def cells_of(said: Said, left: Mapping[str, int]) -> Sequence[int]:
    """The numbers of the cells that this is said of. If it names a withdrawal, that is the cell in
    which the withdrawal is now. If it is about a file of ours, or a part of one, those are the
    cells that have withdrawals of the file now; but the cell that made the file alone if it says
    only that the file is under way or partly accepted (ABOUT_FILE), or if no cell has any. Of a sum
    that a bank booked, it is the cell whose withdrawals make up the sum, if there is just one such
    cell. In all other cases, and in an installation without cells, it is this cell.

    `left` has, by its reference, the cell of each withdrawal that was moved to another
    (moved.cells_of).
    """
    own = cells.number()
    if not cells.are_on():
        return [own]
    named = names.cell_of(said.file or said.reference) or installation.cell_of(said.reference)
    if named is not None and named in cells.numbers():
        if said.is_about_many and said.status not in ABOUT_FILE:
            return _of_file(said, named)
        return [left.get(said.reference, named)]
    if said.status != BATCH:
        return [own]
    found = [number for number in cells.numbers() if _has(said, number)]
    return found if len(found) == 1 else [own]


def _of_file(said: Said, home: int) -> Sequence[int]:
    """The numbers of the cells that have withdrawals of the file, or part of one, that this is said
    of, and that the cell `home` made; that one if there are none.
    """
    currency = said.part.removeprefix(f"{said.file}-")
    others = [one for one in moved.cells_of_file(said.file, currency) if one != home]
    own = Withdrawal.objects.filter(batch=said.file)
    if currency:
        own = own.filter(currency=currency)
    with cells.elsewhere(home):
        is_there = not others or own.exists()
    return [home, *others] if is_there else others


def _has(said: Said, number: int) -> bool:
    """Whether the sum that a bank booked is that of withdrawals in the cell with this number."""
    with cells.elsewhere(number):
        return list(batches.spread(said)) != [said]


def _of_notice(said: Said) -> Iterator[Said]:
    """Yield what an entry of a camt.054 says: where it is one sum without details, of each
    withdrawal that makes it up, or as it is if these are not found; any other as it is.
    """
    if said.status == BATCH:
        yield from batches.spread(said)
    else:
        yield said


def _each(said: Said) -> Iterator[Said]:
    """Yield what is said of many for each withdrawal of the file or part that is not told of on its
    own; nothing if all of them are. What is about one withdrawal, or says only that many are on
    their way, is yielded as it is. So is what is about a file or part that we do not know, whatever
    else the report tells of on its own.
    """
    if not said.is_about_many or said.status in ABOUT_FILE:
        yield said
        return
    is_ours = False
    for one in (
        Withdrawal.objects.filter(batch=said.file).exclude(batch="").order_by("line_id", "pk")
    ):
        part = pain_001.part_name(said.file, one.currency)
        if said.part not in ("", part):
            continue
        is_ours = True
        if not said.told_apart & {one.reference, part}:
            yield Said(one.reference, said.status, said.bank_reference, said.reason)
    if not is_ours:
        yield said  # it names nothing that we know, and is refused


def concerns_none(answer: PayoutAnswer) -> bool:
    """Whether an answer that names no withdrawal need not be settled: in a camt.054, money that
    came in from others or is not booked yet; in a pain.002, that a file of ours, or a part of one,
    is under way or partly accepted.
    """
    if answer.file.form == Form.CAMT_054:
        return answer.status in (CREDITED, PENDING)
    name = answer.reference.rpartition("-")[0]
    is_ours = PaymentFile.objects.filter(name__in=[answer.reference, name]).exists()
    return is_ours and answer.status in ABOUT_FILE
