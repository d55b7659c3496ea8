"""The `stillroom` command: for people, for CI and for starting the embedded stack."""
