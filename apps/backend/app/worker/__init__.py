"""The worker: `python -m app.worker`. Any number of them may run."""
