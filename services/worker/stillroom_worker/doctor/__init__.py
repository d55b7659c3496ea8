"""`stillroom doctor`: tries everything that an installation depends on, and says for each fault its cause and fix."""
