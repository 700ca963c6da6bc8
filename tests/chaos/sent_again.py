"""Everything may be sent again: what was acknowledged, and what was not."""

from collections.abc import Iterator
from random import Random

from tests.chaos.checks import times_in_books
from tests.chaos.stage import Stage
from tests.chaos.traffic import Api, Journal, Pages, Told

SAMPLE = 60  # of the acknowledged
PATIENCE_SECONDS = 120.0  # a web server may be starting, on a busy machine
SAME = ("orders", "payments", "refunds")  # whose answer does not change with what follows


def send_all(
    journal: Journal, api: Api, pages: Pages, stage: Stage, chance: Random
) -> Iterator[str]:
    """Send again each request that has no answer, and some that have. Yields what went wrong."""
    open_ones = [told for told in journal.all if not told.status and told.kind != "pay"]
    for told in open_ones:
        before = times_in_books(told)
        if before > 1:
            yield f"Not acknowledged, and {before}× in the books: {told}"
        headers = _send(told, api, pages, stage)
        after = times_in_books(told)
        if not told.status:
            yield f"Sent again without an answer: {told}"
        elif before and not told.is_acknowledged and told.kind != "imports":
            yield f"It is in the books, and sent again it is refused: {told} {told.said}"
        elif before and told.kind not in ("withdrawals", "imports") and not headers:
            yield f"It is in the books, and sent again it is said to be new: {told}"
        elif after != max(before, int(told.is_acknowledged)):
            yield f"Sent again, it is {after}× in the books: {told}"
    known = [told for told in journal.of("orders", "payments", "refunds", "charges", "shipment",
                                         "delivery") if told.is_acknowledged]  # fmt: skip
    for told in chance.sample(known, min(SAMPLE, len(known))):
        first = dict(told.said)
        is_replayed = _send(told, api, pages, stage)
        again = {**told.said, "available": first.get("available")}
        if not is_replayed or not told.is_acknowledged or times_in_books(told) != 1:
            yield f"Sent again after its answer, it is new or refused: {told} {told.said}"
        elif told.kind in SAME and again != {**first, "available": first.get("available")}:
            yield f"Sent again, it is answered otherwise: {told} {first} {again}"


def _send(told: Told, api: Api, pages: Pages, stage: Stage) -> bool:
    """Send it once more. Returns whether the answer says that it is a repetition."""
    if told.kind in ("withdrawals", "imports"):
        owners = {one.reference: one.owner.pk for one in stage.merchants}
        person = stage.officer.pk if told.kind == "imports" else owners[told.merchant]
        pages.send(told, person, patience=PATIENCE_SECONDS, gives_up=0)
        return False
    response = api.send(told, patience=PATIENCE_SECONDS)
    return response is not None and response.headers.get("Idempotency-Replayed") == "true"
