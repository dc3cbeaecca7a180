from django.apps import AppConfig


class EmulatorConfig(AppConfig):
    name = "flowsite.emulator"
    label = "emulator"
