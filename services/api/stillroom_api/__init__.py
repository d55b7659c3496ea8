"""Stillroom over HTTP and WebSocket."""
