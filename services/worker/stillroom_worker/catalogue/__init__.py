"""The catalogue of a target database: every object that people made, read in a dozen queries."""

from stillroom_worker.catalogue.keep import keep_reading, refresh_catalogue
from stillroom_worker.catalogue.read import Reading, read_catalogue

__all__ = ["Reading", "keep_reading", "read_catalogue", "refresh_catalogue"]
