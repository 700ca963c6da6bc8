"""The sort of operators' decisions about limits, whose caps the credit policy has (rule 8.18)."""

from merchants.sorts import Sort

LIMIT = Sort(code="limits", title="Limit")
