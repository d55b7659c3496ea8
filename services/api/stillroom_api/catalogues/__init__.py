"""Routes and shapes of catalogues: what stands in a database."""
