"""The HTTP side: every contract with a route, made into one app. Knows no business."""

from amphibus.gateway.app import build_app

__all__ = ("build_app",)
