"""The operators' desk: what the admin's home page, search and page of a merchant are made of."""
