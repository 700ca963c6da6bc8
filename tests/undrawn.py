"""Pages that are asked for and not drawn, as nobody reads them: to draw is most of what one costs.

    with undrawn():
        page = browser.get(address)
    assert page.context["page"].rows == ...

Status, headers and contexts are there; the page's text is empty. Each page is drawn by tests of its
own. With DRAW_ALL=1 these are drawn, too, and tests read all that they could read:

    make test DRAW_ALL=1 ARGS="tests/config tests/merchants tests/pages"
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from django.template import Context, Template
from django.test.signals import template_rendered

DRAWS_ALL = bool(os.environ.get("DRAW_ALL"))
# Each thread has its own: several people sign in at once.
_is_drawn = ContextVar("is_drawn", default=True)


@contextmanager
def undrawn(*, is_so: bool = True) -> Iterator[None]:
    """A context in which no page is drawn, if `is_so`."""
    before = _is_drawn.set(_is_drawn.get() and (DRAWS_ALL or not is_so))
    try:
        yield
    finally:
        _is_drawn.reset(before)


def render(template: Template, context: Context) -> str:
    """Replaces Template._render: sends the test client the context of a page alone, and draws the
    page only while it is to be drawn.

    Django's keeps a copy of the context of each template, also of those that are included, once for
    each widget of each form.
    """
    is_page = context.template is template
    if is_page:
        template_rendered.send(sender=template, template=template, context=context)
    return str(template.nodelist.render(context)) if _is_drawn.get() or not is_page else ""
