"""What is said instead of a value, and what waits for approval."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
