"""Every address of the application."""

from django.conf import settings
from django.contrib.auth.views import LogoutView
from django.urls import include, path

urlpatterns = [
    path("sign-out/", LogoutView.as_view(), name="sign-out"),
    path("", include("flowsite.operations.urls")),
    path("", include("flowsite.people.urls")),
    path("", include("flowsite.credentials.urls")),
    path("", include("flowsite.wizard.urls")),
    path("", include("flowsite.monitoring.urls")),
    path("", include("flowsite.alerts.urls")),
]
if settings.DEBUG or settings.TESTING:
    from flowsite.core import gallery

    urlpatterns.append(path("gallery/", gallery.gallery, name="gallery"))
