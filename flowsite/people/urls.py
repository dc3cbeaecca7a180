from django.urls import path

from flowsite.people import views

urlpatterns = [path("audit/", views.audit, name="audit")]
