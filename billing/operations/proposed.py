"""The operations that carry out proposals about billing (billing.proposals)."""

from billing import proposals
from billing.operations import (
    charges_by_hand,
    closing,
    credits,
    issuers,
    prices,
    reopening,
    reversals,
    thresholds,
    transfers,
    transfers_moved,
    waivers,
)
from merchants.operations.two_people import calling
from merchants.proposals import register as register_kind


def register() -> None:
    """Register for each kind of billing's proposals the operation that carries it out. Called once,
    when a program starts.
    """
    register_kind(proposals.CREDIT, calling(credits.grant))
    register_kind(proposals.CHARGE, calling(charges_by_hand.charge))
    register_kind(proposals.WAIVER, calling(waivers.waive))
    register_kind(proposals.CREDIT_REQUEST, calling(credits.approve))
    register_kind(proposals.REVERSAL, calling(reversals.accept))
    register_kind(proposals.THRESHOLD, calling(thresholds.change))
    register_kind(proposals.THRESHOLD_REQUEST, calling(thresholds.approve))
    register_kind(proposals.PRICE, calling(prices.introduce))
    register_kind(proposals.REST, calling(closing.pay_out_rest))
    register_kind(proposals.UNAPPLIED, calling(transfers.give_back))
    register_kind(proposals.TRANSFER, calling(transfers_moved.move))
    register_kind(proposals.ISSUER_BANKS, calling(issuers.change_banks))
    register_kind(proposals.REOPENING, calling(reopening.reopen))
