"""Changes: what each revision does to the objects of a database, and the life of one object."""
