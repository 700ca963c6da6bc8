"""Takes in events of the marketplace's systems, and replays files of them."""
