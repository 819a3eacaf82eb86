"""No tables; for an app with this module Django announces `post_migrate`, and apps.py listens."""
