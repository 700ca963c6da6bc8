"""Lists that members saved, as they were asked for."""

from typing import ClassVar

from django.db import models

from merchants.models.people import Membership

LONGEST_VIEW_NAME = 40
LONGEST_QUERY = 5000  # several texts, percent-encoded


class SavedView(models.Model):
    """What a member asked a list for and gave a name, to ask it again; nobody else sees it. It goes
    with the membership.
    """

    membership = models.ForeignKey(Membership, on_delete=models.CASCADE, related_name="views")
    page = models.CharField(max_length=60)  # the list: the route of its page (lib.lists)
    name = models.CharField(max_length=LONGEST_VIEW_NAME)
    query = models.CharField(max_length=LONGEST_QUERY)  # of the address, without "?"
    saved_at = models.DateTimeField()

    class Meta:
        default_permissions = ()  # they are one person's own
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["membership", "page", "name"],
                name="one_saved_view_per_member_list_and_name",
            ),
        ]

    def __str__(self) -> str:
        return f"Saved view #{self.pk}"
