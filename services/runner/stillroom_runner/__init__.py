"""The file that a tenant's interpreter runs, and the names of the messages it sends."""
