"""Prints e-mails as text where none are sent, for whoever follows their links."""

from django.core.mail import EmailMessage
from django.core.mail.backends import console


class EmailBackend(console.EmailBackend):
    """Django's console backend, without the HTML that says the same as the text."""

    def write_message(self, message: EmailMessage) -> None:
        """Write the e-mail to the console as text. The message loses its HTML by that."""
        if hasattr(message, "alternatives"):
            message.alternatives = []
        super().write_message(message)
