"""Editors of subjects, links and assignments."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
