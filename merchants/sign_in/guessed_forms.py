"""allauth's forms that ask for a code, key or password, with wrong attempts counted
(merchants.sign_in.guesses).
"""

from typing import Any

from allauth.account.adapter import get_adapter
from allauth.account.forms import ChangePasswordForm
from allauth.core import context
from allauth.mfa.base.forms import AuthenticateForm, ReauthenticateForm
from allauth.mfa.totp.forms import ActivateTOTPForm
from allauth.mfa.webauthn.forms import AuthenticateWebAuthnForm, ReauthenticateWebAuthnForm
from django.core.exceptions import ValidationError

from merchants.sign_in import guesses


class Counted:
    """A mixin of forms that counts wrong attempts for the address of `user`."""

    user: Any

    def counted(self, check: Any) -> Any:
        """Run `check`, which cleans a field, as one attempt, and return what it returns. The
        attempt counts as wrong if `check` raises ValidationError, which is raised again; the last
        one that is allowed locks the person's e-mail address, of which they are e-mailed and a
        trail row is written (guesses.was_wrong). Raises ValidationError without running it if that
        address, or the network address, is locked.
        """
        request, address = context.request, self.user.email
        attempt = guesses.claim(request, address)
        if attempt is None:
            raise get_adapter().validation_error("too_many_login_attempts")
        try:
            right = check()
        except ValidationError:
            guesses.was_wrong(request, address)
            raise
        attempt.rollback()
        return right


class CodeAtSignIn(Counted, AuthenticateForm):
    def clean_code(self) -> str:
        """Return the code, checked as one attempt, of which the last wrong one locks the person's
        e-mail address, with a trail row and an e-mail (`counted`). Raises ValidationError if it is
        wrong, or the address is locked.
        """
        return str(self.counted(super().clean_code))


class CodeAgain(Counted, ReauthenticateForm):
    def clean_code(self) -> str:
        """Return the code, checked as one attempt, of which the last wrong one locks the person's
        e-mail address, with a trail row and an e-mail (`counted`). Raises ValidationError if it is
        wrong, or the address is locked.
        """
        return str(self.counted(super().clean_code))


class FirstCode(Counted, ActivateTOTPForm):
    def clean_code(self) -> str:
        """Return the code, checked as one attempt, of which the last wrong one locks the person's
        e-mail address, with a trail row and an e-mail (`counted`). Raises ValidationError if it is
        wrong, or the address is locked.
        """
        return str(self.counted(super().clean_code))


class KeyAtSignIn(Counted, AuthenticateWebAuthnForm):
    def clean_credential(self) -> Any:
        """Check the key's answer as one attempt, of which the last wrong one locks the person's
        e-mail address, with a trail row and an e-mail (`counted`), and return what allauth makes of
        it. Raises ValidationError if it is wrong, or the address is locked.
        """
        return self.counted(super().clean_credential)


class KeyAgain(Counted, ReauthenticateWebAuthnForm):
    def clean_credential(self) -> Any:
        """Check the key's answer as one attempt, of which the last wrong one locks the person's
        e-mail address, with a trail row and an e-mail (`counted`), and return what allauth makes of
        it. Raises ValidationError if it is wrong, or the address is locked.
        """
        return self.counted(super().clean_credential)


class NewPassword(ChangePasswordForm):
    """The form for a new password. A wrong present password counts as a wrong attempt to sign
    in.
    """

    def clean_oldpassword(self) -> str:
        """Return the present password. Raises ValidationError if it is wrong, which counts as a
        wrong attempt for the person's e-mail address, or if that address is locked.
        """
        password = str(self.cleaned_data["oldpassword"])
        if not get_adapter(context.request).reauthenticate(self.user, password):
            raise get_adapter().validation_error("enter_current_password")
        return password
