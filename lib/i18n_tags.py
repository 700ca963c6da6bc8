"""Django's template tags of translations, with a `translate` that looks a text up once.

A list has the names of its columns in each of its rows, and a page the navigation twice: of the
seven hundred texts of such a page no more than a hundred differ. Settings name this library "i18n",
so templates load it as they would Django's.
"""

from typing import Any

from django.template import Context, Library
from django.template.base import FilterExpression, Parser, Token
from django.templatetags import i18n
from django.utils.translation import get_language

register = Library()
register.tags.update(i18n.register.tags)
register.filters.update(i18n.register.filters)


class LiteralNode(i18n.TranslateNode):
    """`{% translate "Orders" %}`: a text that the template itself has, so that what it comes to
    depends on the language alone. It is kept for as long as the template is.
    """

    def __init__(self, node: i18n.TranslateNode) -> None:
        self.__dict__.update(node.__dict__)
        self._named, self.asvar = node.asvar, None
        self._kept: dict[tuple[str | None, bool], str] = {}

    def render(self, context: Context) -> str:
        """The translated text, looked up once for each language; stored in the context instead, if
        the tag names a variable for it.
        """
        key = get_language(), context.autoescape
        text = self._kept.get(key)
        if text is None:
            text = self._kept[key] = super().render(context)
        if self._named:
            context[self._named] = text
            return ""
        return text


@register.tag("translate")
@register.tag("trans")
def translate(parser: Parser, token: Token) -> i18n.TranslateNode:
    """Parse the tag as Django's tag of this name does; one of a literal text becomes a
    LiteralNode.
    """
    node: Any = i18n.do_translate(parser, token)
    is_literal = all(map(_is_literal, (node.filter_expression, node.message_context)))
    return LiteralNode(node) if is_literal else node


def _is_literal(expression: FilterExpression | None) -> bool:
    """Whether the expression is a text in quotes, without filters; or there is none."""
    if expression is None:
        return True
    if expression.filters:
        return False
    variable = expression.var
    return isinstance(variable, str) or getattr(variable, "lookups", ()) is None
