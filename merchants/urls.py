"""The addresses of pages about a merchant's profile and people."""

from django.urls import URLPattern, path

from merchants.views import home, invitations, looks, saved_views, settings, team

app_name = "merchants"

urlpatterns = [
    path("", home.home, name="home"),
    path("language/", settings.language, name="language"),
    path("looks/<int:pk>/end/", looks.end, name="end_look"),
    path("invitations/<str:token>/", invitations.invitation, name="invitation"),
]

# These lie under the merchant's reference (config.urls).
of_a_merchant: list[URLPattern] = [
    path("views/save/", saved_views.save, name="save_view"),
    path("views/<int:pk>/remove/", saved_views.remove, name="remove_view"),
    path("settings/team/", team.team, name="team"),
    path("settings/team/invite/", team.invite, name="invite"),
    path("settings/team/<int:pk>/", team.member, name="member"),
    path("settings/team/<int:pk>/remove/", team.remove, name="remove"),
    path("settings/team/invitations/<int:pk>/send/", team.send_again, name="send_again"),
    path("settings/team/invitations/<int:pk>/revoke/", team.revoke, name="revoke"),
    path("settings/security/", team.security, name="security"),
    path("settings/profile/", settings.profile, name="profile"),
    path("settings/profile/document/", settings.document, name="document"),
]
