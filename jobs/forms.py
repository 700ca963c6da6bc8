"""The form by which an operator runs a job."""

from typing import Any

from django import forms
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from backoffice import times
from backoffice.decisions import Reasoned
from jobs.definitions import EPOCH
from jobs.timetable import all_jobs, job_named
from lib import clock
from lib.text_fields import LineField


class JobOrder(Reasoned):
    """Which job to run, and up to which instant.

    Sent the first time, it is refused with the number of rows that are due; sent again unchanged,
    it is valid.
    """

    job = forms.ChoiceField(
        choices=lambda: [(job.name, job.name) for job in all_jobs()],
        label="Job",
        widget=UnfoldAdminSelectWidget,
    )
    at = forms.DateTimeField(
        label="What was due by",
        help_text="As 2026-12-01 00:00; an instant that has come.",
        widget=UnfoldAdminTextInputWidget,
    )
    seen = LineField(required=False, widget=forms.HiddenInput)
    field_order = ("job", "at", "reason", "seen")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["at"].label = f"What was due by ({times.zone_name()})"

    def clean(self) -> dict[str, Any]:
        """Refuse an instant that has not come, or is before 1970; and, the first time, say how many
        rows are due instead of accepting the form. Sent again with the same job and instant, it is
        accepted.
        """
        said: dict[str, Any] = super().clean() or self.cleaned_data
        if self.errors:
            return said
        if said["at"] > clock.now():
            self.add_error("at", "This is still to come.")
            return said
        if said["at"] < EPOCH:
            self.add_error("at", f"Nothing fell due before {EPOCH.year}.")
            return said
        due = len(job_named(said["job"]).find(said["at"]))
        asked = f"{said['job']} {said['at'].isoformat()}"
        if said["seen"] != asked:
            # The form that is shown again says what was seen.
            self.data = {**self.data.dict(), "seen": asked}  # type: ignore[attr-defined]
            rows = "1 row is" if due == 1 else f"{due} rows are"
            self.add_error(None, f"{rows} due for {said['job']}. Send the form again to run it.")
        return said
