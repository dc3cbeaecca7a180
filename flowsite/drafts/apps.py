from django.apps import AppConfig


class DraftsConfig(AppConfig):
    name = "flowsite.drafts"
