"""The one Django application of the product."""

from django.apps import AppConfig


class HeadwayConfig(AppConfig):
    name = "headway"
    label = "headway"
    verbose_name = "Headway"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from headway.project import wiring

        wiring.connect()
