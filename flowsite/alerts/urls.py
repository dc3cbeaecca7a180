"""Addresses of alerts, rules, channels and deliveries."""

urlpatterns: list[object] = []
