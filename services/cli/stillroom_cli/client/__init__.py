"""The part of the command that talks to a Stillroom server, over HTTP and WebSocket only."""

from stillroom_cli.client.arguments import register

__all__ = ["register"]
