"""Tries a bill at once after a choice of a payment method, and shows the outcome on the bill's
page.
"""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect

from billing import explanations, tasks
from billing.operations import payments
from lib import clock
from lib.refusals import Refused, sentence_of
from merchants.access import MemberRequest


def try_chosen(request: MemberRequest, merchant_id: int) -> HttpResponse:
    """Try the oldest bill that is due after a choice of method, while the page waits, under the
    locks of the bill, its account and its credit line; start a task by which workers try the
    others. Leads to the bill that was tried, with a message of what came of it, or back to the
    settings page if none was. A refusal is shown there as a warning, and the others are tried all
    the same.

    It is called once the choice is committed. Rule 16.9, rule 16.24.
    """
    merchant = request.membership.merchant.reference
    back = redirect("billing:settings", merchant=merchant)
    try:
        payment = payments.collect_chosen(merchant_id, now=clock.now())
    except Refused as refused:
        messages.warning(request, sentence_of(refused))
    else:
        if payment is not None:
            messages.add_message(request, *explanations.outcome_of_invoice(payment))
            back = redirect("billing:invoice", merchant, payment.invoice.number)
    tasks.start_collecting(merchant_id)
    return back
