"""Routes and shapes of terminals that are signed in through a browser."""
