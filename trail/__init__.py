"""The audit trail: an append-only row for each change by a person, with who, what and why."""
