"""What the use cases stand on, made once a process."""

from dataclasses import dataclass
from functools import lru_cache

from app.core.config import Settings, get_settings
from app.services.isolation.office import Office, find_office
from app.services.isolation.process import Isolation
from app.storage.files import DiskStorage, Storage


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
        DiskStorage(settings.storage_dir),
        Isolation(settings.limits),
        find_office(settings.limits),
    )
