import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('metrics', '0002_analysts_desk'),
        ('projects', '0002_analysts_desk'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='FormerNoValue',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('period_start', models.DateField(verbose_name='period start')),
                ('reason', models.TextField(verbose_name='reason')),
                ('said_at', models.DateTimeField(verbose_name='said at')),
                ('ended_at', models.DateTimeField(verbose_name='ended at')),
                ('is_replaced', models.BooleanField(help_text='Said again with another reason, not taken back.', verbose_name='replaced')),
                ('why', models.TextField(blank=True, help_text='Why it was taken back.', verbose_name='why')),
            ],
            options={
                'ordering': ['metric', 'subject', 'period_start', 'ended_at', 'pk'],
            },
        ),
        migrations.RemoveConstraint(
            model_name='exemptionproposal',
            name='proposal_state_known',
        ),
        migrations.AlterField(
            model_name='exemptionproposal',
            name='state',
            field=models.CharField(choices=[('waiting', 'Waiting for a decision'), ('granted', 'Granted'), ('refused', 'Refused'), ('withdrawn', 'Taken back')], default='waiting', max_length=9, verbose_name='state'),
        ),
        migrations.AddConstraint(
            model_name='exemptionproposal',
            constraint=models.CheckConstraint(condition=models.Q(('state__in', ['waiting', 'granted', 'refused', 'withdrawn'])), name='proposal_state_known'),
        ),
        migrations.AddField(
            model_name='formernovalue',
            name='ended_by',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='formernovalue',
            name='metric',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='metrics.metricdefinition'),
        ),
        migrations.AddField(
            model_name='formernovalue',
            name='said_by',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='formernovalue',
            name='subject',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='projects.subject'),
        ),
        migrations.AddIndex(
            model_name='formernovalue',
            index=models.Index(fields=['metric', 'subject', 'period_start'], name='former_no_value_of_a_place'),
        ),
        migrations.AddConstraint(
            model_name='formernovalue',
            constraint=models.CheckConstraint(condition=models.Q(('is_replaced', True), models.Q(('why', ''), _negated=True), _connector='OR'), name='taken_back_with_a_reason'),
        ),
    ]
