"""What a merchant's people read when an operation of this app says no."""

from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise

from lib.refusals import Invalid, Refused

SENTENCES: dict[str, StrOrPromise] = {
    "not_an_owner": _("Only owners change the team, and you are not one any more."),
    "unknown_member": _("This person is not on the team any more."),
    "last_owner": _("A merchant needs an owner who can sign in: make somebody else owner first."),
    "is_operator": _("This invitation is for another e-mail address than yours."),
    "already_member": _("This person belongs to the team already."),
    "too_many_invitations": _("You have sent as many invitations as you may in a week."),
    "invitation_not_sent": _(
        "The invitation is kept, but its e-mail could not be sent. Send it again in a while."
    ),
    "invitation_closed": _("This invitation has been taken up or revoked already."),
    "wrong_person": _("This invitation is for another e-mail address than yours."),
    "account_exists": _("You have an account already: sign in to accept the invitation."),
    "invalid": _("This can't be kept as it is."),
}

# Of a value that makes no sense, by its field.
OF_FIELDS: dict[str, StrOrPromise] = {
    "licence_document": _("Upload a PDF, PNG or JPEG file of at most 5 MB."),
    "contact_phone": _("This is not a telephone number."),
    "email": _("This is not an e-mail address."),
}


def of(refusal: Refused) -> StrOrPromise:
    if isinstance(refusal, Invalid) and refusal.field in OF_FIELDS:
        return OF_FIELDS[refusal.field]
    return SENTENCES.get(refusal.code, SENTENCES["invalid"])
