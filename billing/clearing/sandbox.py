"""A tax office on this machine: it takes any document, and knows its number a little later."""

from hashlib import sha256

from billing.clearing.protocol import Answer
from billing.models import SandboxClearing


class Sandbox:
    """Keeps what it receives in a table of its own."""

    def send(self, key: str, document: bytes) -> Answer:
        """Keep the document's digest under the attempt's key, and give no answer yet: the number
        comes later, by `find`. Another document under a key that is kept is answered with a
        refusal, and the first one's digest stays.
        """
        digest = sha256(document).hexdigest()
        kept, _ = SandboxClearing.objects.get_or_create(key=key, defaults={"digest": digest})
        if kept.digest != digest:
            return Answer(refusal="Another document was sent under this key.")
        return Answer()

    def find(self, key: str) -> Answer | None:
        """Read the answer about the attempt with this key: the number that the document's digest
        makes, as soon as a document was received under the key; None if none was.
        """
        kept = SandboxClearing.objects.filter(key=key).first()
        return Answer(number=kept.number) if kept else None
