"""Routes and shapes of what people are told of."""
