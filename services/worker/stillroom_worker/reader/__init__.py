"""The reader: a process that answers the api's questions about target databases (docs/adr/0013)."""
