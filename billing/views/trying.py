"""Tries a bill at once after a choice of a payment method, and shows the outcome on the same
page.
"""

from django.contrib import messages
from django.http import HttpRequest

from billing import explanations, tasks
from billing.operations import payments
from lib import clock
from lib.refusals import Refused, sentence_of


def try_chosen(request: HttpRequest, merchant_id: int) -> None:
    """Try the oldest bill that is due after a choice of method, while the page waits, and show a
    message with the outcome; have workers try the others.

    It is called once the choice is committed.
    """
    try:
        payment = payments.collect_chosen(merchant_id, now=clock.now())
    except Refused as refused:
        messages.warning(request, sentence_of(refused))
    else:
        if payment is not None:
            messages.add_message(request, *explanations.outcome_of_invoice(payment))
    tasks.start_collecting(merchant_id)
