"""For those who run the program: is it alive, is it ready, and numbers for Prometheus. No names, no addresses."""

from __future__ import annotations

import hmac
import os
from collections.abc import Iterator, Mapping

from fastapi import FastAPI, Request
from fastapi.responses import Response
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector

from newsletter.workflow.context import Context
from newsletter.workflow.upkeep.health import Health, health, readiness

TOKEN = "NEWSLETTER_METRICS_TOKEN"  # noqa: S105 (the name of the variable)


def add_operations(app: FastAPI, ctx: Context) -> None:
    def live() -> Response:
        """The process answers; nothing is asked of anything else."""
        return _text("live", 200)

    def ready() -> Response:
        """Whether requests should come here: the database is there, with the schema of this program."""
        why = readiness(ctx)
        return _text("ready" if why is None else why, 200 if why is None else 503)

    def metrics(request: Request) -> Response:
        """To who brings NEWSLETTER_METRICS_TOKEN as bearer; to nobody where it is not set, wherever they ask from."""
        if not _may_look(request):
            return _text(f"Set {TOKEN} for this program, and bring it as bearer token.", 403)
        registry = CollectorRegistry()
        registry.register(Sending(health(ctx)))
        for each in (ProcessCollector, PlatformCollector):
            each(registry=registry)
        return Response(generate_latest(registry), media_type="text/plain; version=0.0.4; charset=utf-8")

    for path, answer in (("/health/live", live), ("/health/ready", ready), ("/metrics", metrics)):
        app.add_api_route(path, answer, methods=["GET"], include_in_schema=False)


class Sending(Collector):
    """The numbers of one look, in Prometheus' words."""

    def __init__(self, seen: Health) -> None:
        self._seen = seen

    def collect(self) -> Iterator[Metric]:
        seen = self._seen
        yield _by_state("newsletter_runs", "Runs that are not over", seen.runs)
        yield _by_state("newsletter_deliveries", "Deliveries of runs that are not over", seen.deliveries)
        for name, told, value in (
            ("claimed_deliveries", "Deliveries that a worker has reserved", seen.claimed),
            ("queue_age_seconds", "How long the oldest delivery which is due has waited", seen.queue_age),
            ("workers", "Workers that live", seen.workers),
            ("halted_runs", "Runs that the program paused by itself", seen.halted),
            ("resting_domains", "Recipient domains that put mail off and are given a rest", seen.resting_domains),
            ("missed_firings", "Moments of the schedule at which nobody was there", seen.missed),
            ("database_seconds", "How long the database took for these numbers", seen.database_seconds),
        ):
            yield GaugeMetricFamily(f"newsletter_{name}", told, value=value)
        yield CounterMetricFamily("newsletter_attempts", "Attempts ever made", value=seen.attempts)


def _by_state(name: str, told: str, numbers: Mapping[str, int]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, told, labels=["state"])
    for state, number in numbers.items():
        family.add_metric([state], number)
    return family


def _may_look(request: Request) -> bool:
    """From where somebody asks says nothing: behind a proxy on this machine, all do from here."""
    token = os.environ.get(TOKEN)
    brought = request.headers.get("authorization", "")
    return bool(token) and hmac.compare_digest(brought.encode(), f"Bearer {token}".encode())


def _text(text: str, status: int) -> Response:
    return Response(text, status, media_type="text/plain; charset=utf-8", headers={"cache-control": "no-store"})
