"""Catalogues: what stands in a target database, as it was last read."""
