"""What is asked of the lists of payments to come."""

from django import forms
from django.utils.translation import gettext_lazy as _

from lib.lists import Filter, choice

OVERDUE, UNDELIVERED = "OVERDUE", "UNDELIVERED"
WHAT = [("", _("Due")), (OVERDUE, _("Overdue")), (UNDELIVERED, _("Not delivered yet"))]


class ComingFilter(Filter):
    """Filters the orders of which something is to be paid; days are of what is due."""

    SORTS = ("due_on", "-due_on", "reference", "-reference")

    what = choice(WHAT)
    start = forms.DateField(required=False)
    until = forms.DateField(required=False)
