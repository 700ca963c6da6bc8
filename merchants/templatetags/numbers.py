"""How pages call what has a number: as everybody outside does."""

from django import template

from merchants import installation

register = template.Library()


@register.filter
def document_number(number: str) -> str:
    """The number as the document itself has it, with the installation's prefix (rule 16.12)."""
    return installation.outside(number)
