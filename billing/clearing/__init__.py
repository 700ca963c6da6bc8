"""How documents are sent to a country's tax office, and its answers (rule 28.23)."""
