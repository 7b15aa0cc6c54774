"""Files in a bucket of any S3, by content hash; what is read is kept on disk for a while."""

import hashlib
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import obstore
from obstore.exceptions import BaseError
from obstore.store import S3Store

from app.storage.files import Away, Gone, StoredFile, hash_of, is_sha256

if TYPE_CHECKING:
    from obstore.store import S3Config

_MULTIPART_BYTES = 16 << 20
_REGION = "us-east-1"


class S3Storage:
    """See `Storage`. Objects are named by their hash, so a copy on disk is never out of date.

    Args:
        url: `s3://bucket/folder`.
        endpoint: of a store that is not Amazon's. Credentials and region are taken from where
            every S3 client takes them: `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, `AWS_REGION`.
        folder: for copies, at most `keep_bytes` of them.
    """

    def __init__(self, url: str, endpoint: str | None, folder: Path, keep_bytes: int) -> None:
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            if not os.environ.get(name):  # an empty one would hide those of the machine's own role
                os.environ.pop(name, None)
        bucket, _, prefix = url.removeprefix("s3://").partition("/")
        config: S3Config = {
            "region": os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION", _REGION)
        }
        if endpoint:
            config["endpoint"] = endpoint
        self._store = S3Store(
            bucket,
            prefix=prefix.strip("/") or None,
            config=config,
            client_options={
                "allow_http": bool(endpoint and endpoint.startswith("http://")),
                "connect_timeout": "5s",
                "timeout": "300s",
            },
            retry_config={"max_retries": 3, "retry_timeout": timedelta(seconds=20)},
        )
        self._copies = folder / "copies"
        self._incoming = folder / "incoming"
        self._keep_bytes = keep_bytes

    def put(self, path: Path) -> StoredFile:
        sha256, size = hash_of(path)
        with _translated(sha256):
            obstore.put(self._store, sha256, path, chunk_size=_MULTIPART_BYTES, max_concurrency=3)
        return StoredFile(sha256, size)

    @contextmanager
    def local(self, sha256: str) -> Iterator[Path]:
        copy = self._copies / _checked(sha256)
        try:
            os.utime(copy)  # the next to go is the one that was not asked for the longest
        except FileNotFoundError:
            self._fetch(sha256, copy)
        yield copy

    def exists(self, sha256: str) -> bool:
        try:
            with _translated(sha256):
                obstore.head(self._store, _checked(sha256))
        except Gone:
            return False
        return True

    def delete(self, sha256: str) -> None:
        with _translated(sha256):
            obstore.delete(self._store, _checked(sha256))
        (self._copies / sha256).unlink(missing_ok=True)

    def names(self) -> Iterator[tuple[str, float]]:
        with _translated(""):
            for some in obstore.list(self._store):
                for found in some:
                    name = found["path"].rpartition("/")[2]
                    if is_sha256(name):
                        yield name, found["last_modified"].timestamp()

    def check(self) -> int:
        self._incoming.mkdir(parents=True, exist_ok=True)
        self.exists("0" * 64)
        return shutil.disk_usage(self._incoming).free

    def _fetch(self, sha256: str, copy: Path) -> None:
        self._incoming.mkdir(parents=True, exist_ok=True)
        self._copies.mkdir(parents=True, exist_ok=True)
        incoming = self._incoming / secrets.token_hex(16)
        digest = hashlib.sha256()
        try:
            with _translated(sha256), incoming.open("xb") as target:
                for chunk in obstore.get(self._store, sha256).stream():
                    digest.update(chunk)
                    target.write(chunk)
            if digest.hexdigest() != sha256:
                raise Away(f"the object {sha256} is not what it was")
            self._make_room(incoming.stat().st_size)
            incoming.replace(copy)
        finally:
            incoming.unlink(missing_ok=True)

    def _make_room(self, size: int) -> None:
        copies = sorted(
            ((p.stat(), p) for p in self._copies.iterdir()), key=lambda c: c[0].st_mtime
        )
        total = size + sum(stat.st_size for stat, _ in copies)
        for stat, copy in copies:
            if total <= self._keep_bytes:
                return
            copy.unlink(missing_ok=True)
            total -= stat.st_size


def _checked(sha256: str) -> str:
    if not is_sha256(sha256):
        raise ValueError("not a SHA-256")
    return sha256


@contextmanager
def _translated(sha256: str) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError as error:
        raise Gone(sha256) from error
    except BaseError as error:
        raise Away(f"the S3 store does not answer: {str(error)[:200]}") from error
