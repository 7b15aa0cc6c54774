"""Commands for who runs the service: `python -m app.cli.NAME`."""
