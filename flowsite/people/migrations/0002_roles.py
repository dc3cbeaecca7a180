"""The roles as groups, and the team that everything belongs to until there are others."""

from django.db import migrations


def make_roles(apps, schema_editor):
    group = apps.get_model("auth", "Group")
    for name in ("analyst", "ops", "admin"):
        group.objects.get_or_create(name=name)
    apps.get_model("people", "Team").objects.get_or_create(name="Default")


class Migration(migrations.Migration):
    dependencies = [
        ("people", "0001_initial"),
        ("auth", "0012_alter_user_first_name_max_length"),
    ]
    operations = [migrations.RunPython(make_roles, migrations.RunPython.noop)]
