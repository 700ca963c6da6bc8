"""What is kept of mails of notices to a person: which notice, and when it was sent (rule 21.18)."""

from collections.abc import Iterator

from merchants.personal import HOLDINGS, Holding, Kind, Row, Subject
from merchants.personal_rows import fields
from notices.models import NoticeMail


def register() -> None:
    """Register the e-mails of notices that are kept of people, with how they are exported and
    erased. Called once, when a program starts.
    """
    HOLDINGS.register(
        Holding(30, "mails of notices", kind=Kind.PERSON, rows=_mails, erase=_erase_mails)
    )


def _mails(subject: Subject) -> Iterator[Row]:
    """Yield a row of the export for each e-mail of a notice to the person's account: merchant, kind
    of notice, when it was sent, and when somebody asked for it to be sent again.
    """
    if subject.user is not None:
        found = NoticeMail.objects.filter(user=subject.user)
        for mail in found.select_related("notice__merchant").order_by("pk"):
            notice = mail.notice
            row = {"merchant": notice.merchant.reference, "notice": notice.get_kind_display()}
            yield row | fields(mail, "sent_at asked_again_at")


def _erase_mails(subject: Subject, pseudonym: str) -> int:
    """Delete the e-mails of notices to the person's account. Returns how many there were; 0 for a
    person without an account.
    """
    if subject.user is None:
        return 0
    count, _ = NoticeMail.objects.filter(user=subject.user).delete()
    return count
