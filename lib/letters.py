"""E-mails: the text that is written, and the same text as HTML, which reads well on a phone.

A line with nothing but an address is a button in HTML, which says what it opens, and under which
the address stands as text; what follows the line `-- ` is the footer.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.utils.translation import get_language
from django_stubs_ext import StrOrPromise

NAMED = "[Tael] "  # what subjects of mails about signing in begin with
FOOTER = "\n-- \n"
ADDRESS = re.compile(r"https?://\S+")


class Part(NamedTuple):
    """A piece of an e-mail: its text, and whether it is the address of a page alone."""

    text: str
    is_address: bool

    def pieces(self) -> "Iterator[Part]":
        """Yield the part's text in pieces, with each address of a page in it as a piece of its own.
        The pieces of text between them may be empty.
        """
        for place, text in enumerate(re.split(f"({ADDRESS.pattern})", self.text)):
            yield Part(text, is_address=place % 2 == 1)


class Letter(EmailMultiAlternatives):
    """An e-mail to one person in the language in force, with its text also as HTML. `opens` is what
    the button of its address says; without it the address is a link like those in sentences.
    """

    def __init__(
        self,
        *,
        subject: str,
        body: str,
        to: Sequence[str],
        opens: StrOrPromise = "",
        headers: Mapping[str, str] | None = None,
    ) -> None:
        # Names may be anything printable; a subject is one line all the same.
        subject = " ".join(subject.split())
        super().__init__(subject=subject, body=body, to=list(to), headers=dict(headers or {}))
        self.attach_alternative(as_html(subject, body, str(opens)), "text/html")


def as_html(subject: str, body: str, opens: str = "") -> str:
    """The HTML page of an e-mail with this subject and text, in the language in force. `opens` is
    what the button of its address says; for "" the address is a link like those in sentences.
    """
    text, _, footer = body.partition(FOOTER)
    return render_to_string(
        "letter.html",
        {
            "subject": subject,
            "heading": subject.removeprefix(NAMED),
            "language": get_language(),
            "parts": list(_parts(text)),
            "opens": opens,
            "footer": Part(footer.strip(), is_address=False) if footer else None,
        },
    )


def _parts(text: str) -> Iterator[Part]:
    """Yield the paragraphs of the text, and addresses of pages that stand on a line of their own as
    one part each.
    """
    for paragraph in re.split(r"\n\s*\n", text.strip()):
        lines: list[str] = []
        for line in paragraph.strip().split("\n"):
            if not ADDRESS.fullmatch(line.strip()):
                lines.append(line)
                continue
            if lines:
                yield Part("\n".join(lines), is_address=False)
            yield Part(line.strip(), is_address=True)
            lines = []
        if lines:
            yield Part("\n".join(lines), is_address=False)
