"""What a person decides about themselves."""

from django.conf import settings

from merchants.models import User
from merchants.refusals import Invalid


def choose_language(*, user_id: int, language: str) -> None:
    """Speak and write to this person in the language, on every device. Raises Invalid."""
    if language not in dict(settings.LANGUAGES):
        raise Invalid("language", f"{language!r} is none of {', '.join(dict(settings.LANGUAGES))}")
    User.objects.filter(pk=user_id).update(language=language)
