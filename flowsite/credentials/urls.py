"""Addresses of credentials, account health and the sandbox switcher."""

from django.urls import path

from flowsite.credentials.views import accounts, credentials, sandbox

urlpatterns = [
    path("credentials/", credentials.credentials, name="credentials"),
    path("credentials/new/", credentials.credential_new, name="credential-new"),
    path("account-health/", accounts.account_health, name="account-health"),
    path("account-health/test/", accounts.account_tests, name="account-tests"),
    path("credentials/<int:pk>/", credentials.credential, name="credential"),
    path("credentials/<int:pk>/test/", credentials.credential_test, name="credential-test"),
    path("credentials/<int:pk>/rotate/", credentials.credential_rotate, name="credential-rotate"),
    path("credentials/<int:pk>/delete/", credentials.credential_delete, name="credential-delete"),
    path("sandbox/", sandbox.sandbox_switch, name="switch-sandbox"),
]
