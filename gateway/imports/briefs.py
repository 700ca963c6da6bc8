"""What operators read before they stop an import, or let it go on."""

from backoffice.briefs import FEW, Brief, Change, Fact, History, Past
from gateway.imports import queries
from gateway.imports.models import Import, ImportedRow
from trail import histories

Outcome = ImportedRow.Outcome


def of_import(file: Import, name: str) -> Brief:
    """What an operator reads before the decision called `name` ("stop", or to resume) about an
    import: its rows by outcome, who uploaded it, the status it will have, what was decided about it
    before, and the last FEW of its rows, by line, that were refused.
    """
    counted = queries.outcomes(file)
    refused = file.rows.filter(outcome=Outcome.REJECTED).order_by("-line")[:FEW]
    then = Import.Status.STOPPED if name == "stop" else Import.Status.RUNNING
    return Brief(
        facts=(
            Fact("Rows", file.row_count, file.of_kind.label),
            *(Fact(str(one.label), counted.get(one.value, 0)) for one in Outcome),
            Fact("Uploaded", file.uploaded_at, f"{file.uploaded_by}: {file.reason}"),
        ),
        changes=(Change("Status", str(file.get_status_display()), str(then.label)),),
        histories=(
            histories.of_subject(str(file)),
            History(
                "Rows that were refused",
                [Past(one.done_at or file.uploaded_at, f"Line {one.line}: {one.reference}",
                      one.code, one.reason) for one in refused],
            ),
        ),
    )  # fmt: skip
