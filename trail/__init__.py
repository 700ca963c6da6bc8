"""Who changed what, and why: one append-only row for each change that a person makes."""
