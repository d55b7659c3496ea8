"""The commands, one module for each group; every function takes parsed arguments and returns an exit code."""
