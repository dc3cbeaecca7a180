from django.urls import path

from flowsite.credentials import views

urlpatterns = [
    path("credentials/", views.credentials, name="credentials"),
    path("credentials/new/", views.credential_new, name="credential-new"),
    path("credentials/<int:pk>/", views.credential, name="credential"),
    path("credentials/<int:pk>/test/", views.credential_test, name="credential-test"),
    path("credentials/<int:pk>/delete/", views.credential_delete, name="credential-delete"),
    path("sandbox/", views.sandbox_switch, name="switch-sandbox"),
]
