"""Joins packages that must not know each other: called once when the application is ready."""


def connect() -> None:
    """Register what lower packages ask of higher ones."""
