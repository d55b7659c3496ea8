"""Trusts: pipelines that prove who they are with their own system's identity token, and keep no secret of ours."""
