"""The kind of notice that our people write themselves; all others are the books'."""

from django.utils.translation import gettext_lazy as _

from notices.kinds import Group, Kind, Link, Text

MESSAGES = Group("messages", _("Messages"))
# Cause: the key of the form. Details: text, as it was written.
MESSAGE = Kind(
    code="MESSAGE",
    label=_("A message from our team"),
    group=MESSAGES,
    texts={"": Text(_("A message from our team"), "%(text)s")},
    link=Link("merchant:notices", _("See the message")),
    owners_always=True,
    owners_hint=_("We always send owners the messages of our team."),
)
