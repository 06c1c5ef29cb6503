from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('headway', '0017_report_sets'),
    ]

    operations = [
        migrations.AddField(
            model_name='templateitem',
            name='due_week',
            field=models.SmallIntegerField(null=True),
        ),
    ]
