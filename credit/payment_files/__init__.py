"""Writes orders to a bank as ISO 20022 has them (pain.001). Pure: no query, no clock."""
