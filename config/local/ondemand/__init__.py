"""Django's PostgreSQL and Redis back ends, for servers that first have to be started.

Only used with the embedded servers; with DATABASE_URL and REDIS_URL set, Django's own are.
"""
