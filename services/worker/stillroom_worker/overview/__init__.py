"""How a target database fares: asked live, looked into more deeply on demand, and sampled over time."""
