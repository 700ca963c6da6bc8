"""Template tags for the frame of every page: navigation, the switch of merchants, gauges."""

from decimal import Decimal
from typing import Any

from django import forms, template
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_stubs_ext import StrOrPromise
from moneyed import Money

from merchants import second_factor
from merchants.models import Merchant

register = template.Library()

# Words of the trade, and what they mean here (docs/glossary.md).
EXPLAINED: dict[str, tuple[StrOrPromise, StrOrPromise]] = {
    "outstanding": (
        gettext_lazy("outstanding"),
        gettext_lazy("What was posted and is on no bill yet. The next bill takes it."),
    ),
    "accruing": (
        gettext_lazy("accruing"),
        gettext_lazy(
            "Charges of today that are counted together as the day ends. Only then are they posted."
        ),
    ),
    "posted": (
        gettext_lazy("posted"),
        gettext_lazy(
            "The day on which charges were added to what you owe: at once, as the day ends or as"
            " the month ends, by the fee."
        ),
    ),
    "threshold": (
        gettext_lazy("threshold"),
        gettext_lazy(
            "When what is outstanding reaches this amount, it is billed on the same day, before"
            " your next bill date."
        ),
    ),
    "maturing": (
        gettext_lazy("maturing"),
        gettext_lazy(
            "What buyers have paid, and you cannot withdraw yet. It is available some days after"
            " their payment."
        ),
    ),
    "balance": (
        gettext_lazy("balance"),
        gettext_lazy("All of your proceeds: what can be withdrawn now, and what still matures."),
    ),
}
NEWS_MARK = '<span class="news-mark"><span class="unseen"> {}</span></span>'
EVERYTHING_LIES_UNDER = {"merchants:home", "overview"}  # so it says nothing to be under them


@register.simple_tag(takes_context=True)
def navigation(context: template.RequestContext) -> SafeString:
    """The HTML of the page's navigation, drawn once for a page that has it twice."""
    assert context.template is not None
    drawn = context.template.engine.get_template("includes/navigation.html")
    with context.push():  # what it names stays its own
        return drawn.render(context)


@register.simple_tag(takes_context=True)
def where_to_go_on(context: dict[str, Any]) -> str:
    """The address of the page from which the person was sent to set up a second factor, if they
    have one now; "" if not, or if they were not sent.
    """
    return second_factor.where_to_go_on(context["request"])


@register.simple_tag(takes_context=True)
def navigation_link(
    context: dict[str, Any],
    view: str,
    label: str,
    merchant: Merchant | None = None,
    and_under: str = "",
    has_news: bool = False,
) -> SafeString:
    """A link of the navigation, marked as current on its page and on the pages under it; those of
    EVERYTHING_LIES_UNDER only on their own page.

    `and_under` names another view whose page, with the pages under it, counts as well. `has_news`
    marks the link as having something new. It is no template of its own, as a page has thirty.
    """
    path = context["request"].path
    args = [merchant.reference] if merchant else []
    address = reverse(view, args=args)
    places = (address, reverse(and_under, args=args)) if and_under else (address,)
    current = ""
    if path == address:
        current = format_html(' aria-current="{}"', "page")
    elif path.startswith(places) and view not in EVERYTHING_LIES_UNDER:
        current = format_html(' aria-current="{}"', "true")
    news = format_html(NEWS_MARK, _("(new)")) if has_news else ""
    return format_html('<li><a href="{}"{}>{}{}</a></li>', address, current, label, news)


@register.inclusion_tag("includes/help.html", takes_context=True)
def help(context: dict[str, Any], term: str) -> dict[str, Any]:
    """The values of the template that draws a question mark, which opens to what the word of the
    trade `term`, a key of EXPLAINED, means: an `id` that the page has once, the mark's `label`, and
    the `sentence`. Raises KeyError for another word.
    """
    request = context["request"]
    request.explained = getattr(request, "explained", 0) + 1  # a word may stand there twice
    name, sentence = EXPLAINED[term]
    return {
        "id": f"help-{request.explained}",
        "label": _("What does “%(word)s” mean?") % {"word": name},
        "sentence": sentence,
    }


@register.simple_tag
def focus_first_error(form: forms.BaseForm) -> str:
    """Have the page open with the focus on the form's first field that was filled in wrong, by
    changing its widget, unless the form as a whole has errors. Returns "".
    """
    wrong = next((field for field in form.visible_fields() if field.errors), None)
    if wrong and not form.non_field_errors():
        wrong.field.widget.attrs["autofocus"] = True
    return ""


@register.inclusion_tag("includes/gauge.html")
def gauge(value: Money, whole: Money, label: str) -> dict[str, Any]:
    """The values of the template that draws a bar of how much of `whole` is `value`: its `width` in
    percent, as text, from 0.0 to 100.0; `percent`, rounded down; `label`, which screen readers
    read; and the `level`, "full" for all of it, "high" from 80 percent on, or else "normal". If
    `whole` is not above 0, the bar is full if `value` is above 0, and else empty.
    """
    share = value / whole if whole.amount > 0 else Decimal(value.amount > 0)
    share = min(max(share, Decimal(0)), Decimal(1))
    level = "full" if share >= 1 else "high" if share >= Decimal("0.8") else "normal"
    # As text: a localised number would be no number in an attribute.
    return {
        "width": f"{share * 100:.1f}",
        "percent": int(share * 100),
        "label": label,
        "level": level,
    }
