"""What a password must be like, and how often one may be wrong."""

PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]

# Counted in Redis, by the client's address (see TAEL_TRUSTED_PROXIES) and by what was typed. Five
# wrong passwords for an address lock it for a quarter of an hour, second factors likewise.
RATE_LIMITS = {
    "login": "30/m/ip",
    "login_failed": "20/15m/ip,5/15m/key",
    "reset_password": "20/h/ip,5/h/key",
    "reset_password_from_key": "20/h/ip",
    "reauthenticate": "10/15m/user",
}
