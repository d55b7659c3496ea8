"""Routes and shapes of drafts."""
