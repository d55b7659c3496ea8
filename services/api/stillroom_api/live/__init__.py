"""One WebSocket per page or program, over which it hears of everything that it subscribed to."""
