"""The form of a merchant's caps on new orders, which stands on two pages."""

from http import HTTPStatus
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render

from credit.forms.limit import Caps
from credit.models import CreditLine
from merchants.access import MemberRequest


def render_with(
    request: MemberRequest,
    line: CreditLine,
    template: str,
    context: dict[str, Any],
    *,
    refused: Caps | None,
) -> HttpResponse:
    """Render a page of the line with the form for its caps: the submitted one with its errors, and
    status 422, if it was refused, and a fresh one otherwise. `line` and `caps_form` are added to
    `context` in place.
    """
    context |= {"line": line, "caps_form": refused or Caps(line=line)}
    status = HTTPStatus.UNPROCESSABLE_ENTITY if refused else HTTPStatus.OK
    return render(request, template, context, status=status)
