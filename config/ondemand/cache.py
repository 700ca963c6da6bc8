from typing import Any

from django.core.cache.backends import redis
from django.utils.functional import cached_property

from config import embedded


class RedisCache(redis.RedisCache):
    @cached_property
    def _cache(self) -> Any:
        embedded.ensure()
        return super()._cache
