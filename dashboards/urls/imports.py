"""Imports: upload, mapping, check, batches."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
