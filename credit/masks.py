"""What is shown of a destination's number, on pages, in notices and mails, in files and on the
trail (rule 10.20).
"""

from django.utils.translation import gettext as _

from lib.csv_files import quoted, safe

ALIPAY = "ALIPAY"  # PayoutDestination.Kind


def as_alipay_masks(number: str) -> str:
    """The e-mail address or mobile number as Alipay shows it: of an address the first three
    characters and its domain (mei***@163.com), of a number the first three and the last two digits
    (138******00).
    """
    local, is_email, domain = number.partition("@")
    if is_email:
        return f"{local[:3]}***@{domain}"
    return f"{number[:3]}******{number[-2:]}"


def shown(kind: str, *, masked: str, last_four: str) -> str:
    """What is shown of the number of a destination of this kind: of an Alipay account as Alipay
    masks it, of a card or an account its last characters. Words in the language in force say so if
    nothing of it is known: it was erased, or its key is lost.
    """
    known = masked if kind == ALIPAY else last_four and f"···· {last_four}"
    return known or _("(number unreadable)")


def in_sql(prefix: str) -> str:
    """SQL of `shown` for files, in the language in force. `prefix` is put before the names of the
    columns kind, masked and last_four, such as "destination__".
    """
    last_four = f"{quoted('···· ')} || NULLIF({prefix}last_four, '')"
    known = f"CASE {prefix}kind WHEN '{ALIPAY}' THEN {safe(f'{prefix}masked')} ELSE {last_four} END"
    return f"coalesce({known}, {quoted(_('(number unreadable)'))})"
