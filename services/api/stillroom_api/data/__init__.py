"""Routes and shapes of data: rows of tables, and SQL that reads."""
