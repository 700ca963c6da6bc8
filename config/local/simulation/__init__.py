"""Plays a marketplace against a server, through its API, so that a newcomer sees the pages move."""
