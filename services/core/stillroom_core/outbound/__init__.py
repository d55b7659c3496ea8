"""Going out: which addresses may be reached for a tenant, and one HTTP request to one of them."""
