"""Settings of signing in: rules for passwords, how many attempts are allowed, and how long the log
is kept.
"""

LEAST_KEPT_DAYS = 90  # the database deletes nothing younger (merchants.models.SignIn)

PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]

# Counted in Redis, by the client's address (see TAEL_TRUSTED_PROXIES) and by what was typed. Wrong
# passwords and codes are counted by merchants.sign_in.guesses, and not by allauth besides.
RATE_LIMITS = {
    "login": "30/m/ip",
    "login_failed": None,
    "reset_password": "20/h/ip,5/h/key",
    "reset_password_from_key": "20/h/ip",
    "reauthenticate": "10/15m/user",
}

ACCOUNT_FORMS = {
    "reset_password_from_key": "merchants.sign_in.accounts.PasswordByLink",
    "change_password": "merchants.sign_in.guessed_forms.NewPassword",
}
MFA_FORMS = {
    "authenticate": "merchants.sign_in.guessed_forms.CodeAtSignIn",
    "reauthenticate": "merchants.sign_in.guessed_forms.CodeAgain",
    "activate_totp": "merchants.sign_in.guessed_forms.FirstCode",
    "authenticate_webauthn": "merchants.sign_in.guessed_forms.KeyAtSignIn",
    "reauthenticate_webauthn": "merchants.sign_in.guessed_forms.KeyAgain",
}
