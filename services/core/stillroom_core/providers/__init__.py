"""Identity providers: how members of an organization sign in with their company's own account (OpenID Connect)."""
