"""The nouns of Stillroom, their rules and their tables; knows neither HTTP nor processes."""
