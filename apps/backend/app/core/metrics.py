"""Numbers for Prometheus."""

from prometheus_client import Counter, Gauge, Histogram

REQUESTS = Counter("excel2doc_requests_total", "Requests", ["method", "route", "status"])
REQUEST_SECONDS = Histogram("excel2doc_request_seconds", "Time to answer", ["route"])
JOBS = Counter("excel2doc_jobs_total", "Jobs that ended, in this process", ["outcome"])
JOB_SECONDS = Histogram(
    "excel2doc_job_seconds", "Time of a job", buckets=(0.5, 1, 2, 5, 10, 30, 60, 120, 300, 600)
)
JOBS_BY_STATUS = Gauge("excel2doc_stored_jobs", "Jobs in the database", ["status"])
QUEUE_OLDEST_SECONDS = Gauge(
    "excel2doc_queue_oldest_seconds", "How long the oldest job waits that no worker has taken"
)
WORKERS = Gauge("excel2doc_workers", "Workers heard of within a minute")
