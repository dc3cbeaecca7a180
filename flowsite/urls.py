"""Every address of the application."""

from django.conf import settings
from django.contrib.auth.views import LogoutView
from django.urls import include, path

from flowsite.core import views as core

urlpatterns = [
    path("sign-out/", LogoutView.as_view(), name="sign-out"),
    path("health/live", core.live, name="live"),
    path("health/ready", core.ready, name="ready"),
    path("", include("flowsite.people.urls")),
    path("", include("flowsite.credentials.urls")),
    path("", include("flowsite.wizard.urls")),
    path("", include("flowsite.monitoring.urls")),
]
if settings.DEBUG or settings.TESTING:
    from flowsite.core import gallery

    urlpatterns.append(path("gallery/", gallery.gallery, name="gallery"))
