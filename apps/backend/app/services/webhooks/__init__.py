"""Another service is told that a job has ended: signed, to allowed hosts only."""
