"""Metrics of the web process, in Prometheus' text format at ``/metrics``.

Counts and times by route template, never by path or principal. There is no password on the address: the process binds
the loopback address, and a proxy in front must not pass ``/metrics`` on to the outside.
"""

from functools import cache
from typing import Final

from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, Counter, Histogram, generate_latest

_METHODS: Final = frozenset(("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"))
_BUCKETS_S: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)

CONTENT_TYPE: Final = CONTENT_TYPE_LATEST


class Metrics:
    """The counters of one web process, in a registry of their own."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "vivr_http_requests", "Requests answered.", ("method", "route", "status"), registry=self._registry
        )
        self._seconds = Histogram(
            "vivr_http_request_duration_seconds",
            "Time to answer.",
            ("method", "route"),
            registry=self._registry,
            buckets=_BUCKETS_S,
        )
        # Labels are looked up once per series: methods, routes and statuses are few.
        self._series = cache(self._find_series)

    def count(self, method: str, route: str, status: int, took_s: float) -> None:
        """Count one answer."""
        known = method if method in _METHODS else "other"
        answers, seconds = self._series(known, route, status)
        answers.inc()
        seconds.observe(took_s)

    def _find_series(self, method: str, route: str, status: int) -> tuple[Counter, Histogram]:
        return self._requests.labels(method, route, str(status)), self._seconds.labels(method, route)

    def text(self) -> bytes:
        """Everything in Prometheus' text format, with what other rooms count in the process's own registry."""
        return generate_latest(REGISTRY) + generate_latest(self._registry)
