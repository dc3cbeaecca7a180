"""Addresses of people, teams and the audit log."""

from django.urls import path

from flowsite.people.views import audit, home, language, people, signin, teams

urlpatterns = [
    path("", home.home, name="home"),
    path("profile/", home.profile, name="profile"),
    path("language/", language.choose_language, name="language"),
    path("sign-in/", signin.SignInView.as_view(), name="sign-in"),
    path("sign-in/organisation/", signin.organisation_begin, name="organisation-begin"),
    path("sign-in/organisation/back/", signin.organisation_back, name="organisation-back"),
    path("welcome/<uidb64>/<token>/", signin.SetPasswordView.as_view(), name="set-password"),
    path("people/", people.people, name="people"),
    path("people/new/", people.person_new, name="person-new"),
    path("people/<int:pk>/", people.person, name="person"),
    path("people/<int:pk>/link/", people.person_link, name="person-link"),
    path("people/<int:pk>/state/", people.person_state, name="person-state"),
    path("people/teams/", teams.teams, name="teams"),
    path("people/teams/<int:pk>/", teams.team, name="team"),
    path("people/teams/<int:pk>/add/", teams.team_add, name="team-add"),
    path(
        "people/teams/<int:pk>/remove/<int:person>/", teams.team_remove, name="team-member-remove"
    ),
    path("people/teams/<int:pk>/delete/", teams.team_delete, name="team-delete"),
    path("audit/", audit.audit, name="audit"),
    path("audit/export.csv", audit.audit_export, name="audit-export"),
]
