"""Addresses for supervisors, monitoring systems and admins."""

from django.urls import path

from flowsite.operations import views

urlpatterns = [
    path("health/", views.health_page, name="health"),
    path("health/live", views.live, name="live"),
    path("health/ready", views.ready, name="ready"),
    path("health/full", views.health_full, name="health-full"),
    path("metrics", views.metrics, name="metrics"),
]
