"""A merchant's pages that span both books: the start page, search and navigation."""
