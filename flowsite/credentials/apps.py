from django.apps import AppConfig


class CredentialsConfig(AppConfig):
    name = "flowsite.credentials"
