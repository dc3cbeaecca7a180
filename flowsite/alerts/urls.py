"""Addresses of alerts, rules, channels and messages."""

from django.urls import path

from flowsite.alerts.views import alerts, channels, rules

urlpatterns = [
    path("alerts/", alerts.alerts, name="alerts"),
    path("alerts/<int:pk>/", alerts.alert, name="alert"),
    path("alerts/<int:pk>/mute/", alerts.alert_mute, name="alert-mute"),
    path("alerts/rules/", rules.rules, name="rules"),
    path("alerts/rules/propose/", rules.rules_propose, name="rules-propose"),
    path("alerts/rules/new/", rules.rule_new, name="rule-new"),
    path("alerts/rules/<int:pk>/", rules.rule, name="rule"),
    path("alerts/rules/<int:pk>/mute/", rules.rule_mute, name="rule-mute"),
    path("alerts/rules/<int:pk>/delete/", rules.rule_delete, name="rule-delete"),
    path("alerts/channels/", channels.channels, name="channels"),
    path("alerts/channels/new/", channels.channel_new, name="channel-new"),
    path("alerts/channels/<int:pk>/", channels.channel, name="channel"),
    path("alerts/channels/<int:pk>/test/", channels.channel_test, name="channel-test"),
    path("alerts/channels/<int:pk>/delete/", channels.channel_delete, name="channel-delete"),
    path("alerts/deliveries/", channels.deliveries, name="deliveries"),
    path("alerts/deliveries/<int:pk>/again/", channels.delivery_again, name="delivery-again"),
]
