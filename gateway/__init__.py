"""How the marketplace's systems speak to us: events, and files of them that are replayed."""
