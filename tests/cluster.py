"""Addresses of databases on one test cluster."""

from urllib.parse import urlsplit, urlunsplit


def database_at(cluster_url: str, name: str) -> str:
    """The URL of another database on the same server."""
    return urlunsplit(urlsplit(cluster_url)._replace(path=f"/{name}"))
