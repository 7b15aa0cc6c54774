"""How connections end when the service is stopped: `uvicorn --http app.core.draining:Draining`.

A proxy in front of us keeps its connections open and sends the next request over one of them, also
in the moment in which we close it. It cannot send a POST again then: we may have begun with it.
"""

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

LINGER_SECONDS = 3.0
"""A proxy that closes what was idle for less (docker/caddy/Caddyfile) never finds it closed."""
_CLOSE = (b"connection", b"close")


class Draining(HttpToolsProtocol):
    """Takes requests over open connections for a while after the signal; an answer is the last."""

    def shutdown(self) -> None:
        """Called for each connection once, when no new ones are taken any more."""
        if self.config.reload or not self._is_idle():
            super().shutdown()
            return
        if _CLOSE not in self.server_state.default_headers:
            self.server_state.default_headers.append(_CLOSE)
        self.loop.call_later(LINGER_SECONDS, super().shutdown)

    def _is_idle(self) -> bool:
        return self.cycle is None or self.cycle.response_complete
