"""What revisions do to a database's objects: read from statements that jobs ran, and from sources that nobody ran."""
