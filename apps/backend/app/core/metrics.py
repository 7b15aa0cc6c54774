"""Numbers for Prometheus."""

from collections.abc import Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

REQUESTS = Counter("excel2doc_requests_total", "Requests", ["method", "route", "status"])
REQUEST_SECONDS = Histogram("excel2doc_request_seconds", "Time to answer", ["route"])
JOBS = Counter("excel2doc_jobs_total", "Jobs that ended, in this process", ["outcome"])
JOB_SECONDS = Histogram(
    "excel2doc_job_seconds", "Time of a job", buckets=(0.5, 1, 2, 5, 10, 30, 60, 120, 300, 600)
)


def stored_numbers(
    jobs: Mapping[str, int], oldest_seconds: float | None, workers: int | None
) -> CollectorRegistry:
    """What the database says now; of what it does not say, nothing: the last may be wrong."""
    registry = CollectorRegistry()
    by_status = Gauge(
        "excel2doc_stored_jobs", "Jobs in the database", ["status"], registry=registry
    )
    for status, count in jobs.items():
        by_status.labels(status).set(count)
    if oldest_seconds is not None:
        Gauge(
            "excel2doc_queue_oldest_seconds",
            "How long the oldest job waits that no worker has taken",
            registry=registry,
        ).set(oldest_seconds)
    if workers is not None:
        Gauge("excel2doc_workers", "Workers heard of within a minute", registry=registry).set(
            workers
        )
    return registry
