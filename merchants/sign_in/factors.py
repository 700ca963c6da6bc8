"""Encrypts second factors with the keys of TAEL_ENCRYPTION_KEYS."""

from allauth.mfa.adapter import DefaultMFAAdapter

from lib import encrypted, secrets
from merchants.sign_in.encrypted_columns import OF_AUTHENTICATORS


class EncryptedFactors(DefaultMFAAdapter):
    """allauth's adapter of second factors, which encrypts the secrets of authenticator apps and the
    seeds of recovery codes.
    """

    def encrypt(self, text: str) -> str:
        """Encrypt a secret or seed with the first key. Returns it as text."""
        place = OF_AUTHENTICATORS
        return encrypted.packed(secrets.encrypt(text.encode(), bound_to=place))

    def decrypt(self, encrypted_text: str) -> str:
        """Decrypt a secret or seed. Raises Undecryptable."""
        kept = encrypted.unpacked(encrypted_text)
        return secrets.decrypt(kept, bound_to=OF_AUTHENTICATORS).decode()
