"""What the use cases stand on, made once a process."""

from dataclasses import dataclass
from functools import lru_cache

from app.core.config import Settings, get_settings
from app.services.isolation.office import Office, find_office
from app.services.isolation.process import Isolation
from app.storage.files import DiskStorage, Storage
from app.storage.s3 import S3Storage


@dataclass(frozen=True, slots=True)
class Services:
    settings: Settings
    storage: Storage
    isolation: Isolation
    office: Office | None


@lru_cache
def get_services() -> Services:
    settings = get_settings()
    return Services(
        settings,
        _storage(settings),
        Isolation(settings.limits),
        find_office(settings.limits),
    )


def _storage(settings: Settings) -> Storage:
    if settings.storage_url is None:
        return DiskStorage(settings.storage_dir)
    return S3Storage(
        settings.storage_url, settings.s3_endpoint, settings.storage_dir, settings.s3_copies_bytes
    )
