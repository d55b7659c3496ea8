"""Routes and shapes of the overview: how a database fares."""
