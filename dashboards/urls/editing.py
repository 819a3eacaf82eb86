"""Editors of metrics, curves and scorecards."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
