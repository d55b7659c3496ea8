"""Commands for those who run the installation, on a host where its settings are."""
