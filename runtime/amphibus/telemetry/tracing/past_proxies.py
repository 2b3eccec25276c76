"""The way of exporters to a collector on this machine: past the proxies that the environment names."""

from typing import Any

from amphibus.telemetry.tracing.wanted import Wanted


def over_http(asked: Wanted) -> dict[str, Any]:
    """Returns what an exporter over HTTP is given."""
    if not asked.here:
        return {}
    import requests

    session = requests.Session()
    session.trust_env = False
    return {"session": session}


def over_grpc(asked: Wanted) -> dict[str, Any]:
    """Returns what an exporter over gRPC is given."""
    return {"channel_options": (("grpc.enable_http_proxy", 0),)} if asked.here else {}
