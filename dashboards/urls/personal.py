"""What belongs to a person: saved views, and what is sent by e-mail."""

from django.urls import URLPattern, path

from dashboards.views.saved_views import (
    saved_view_delete,
    saved_view_edit,
    saved_view_list,
    saved_view_menu,
    saved_view_move,
    saved_view_new,
    saved_view_open,
)
from dashboards.views.subscriptions import (
    subscription_delete,
    subscription_edit,
    subscription_list,
    subscription_new,
    subscription_rest,
    subscription_stop,
)

urlpatterns: list[URLPattern] = [
    path("views/", saved_view_list, name="saved_view_list"),
    path("views/menu/", saved_view_menu, name="saved_view_menu"),
    path("views/new/", saved_view_new, name="saved_view_new"),
    path("views/<int:pk>/", saved_view_open, name="saved_view_open"),
    path("views/<int:pk>/edit/", saved_view_edit, name="saved_view_edit"),
    path("views/<int:pk>/delete/", saved_view_delete, name="saved_view_delete"),
    path("views/<int:pk>/move/", saved_view_move, name="saved_view_move"),
    path("subscriptions/", subscription_list, name="subscription_list"),
    path("subscriptions/new/", subscription_new, name="subscription_new"),
    path("subscriptions/<int:pk>/edit/", subscription_edit, name="subscription_edit"),
    path("subscriptions/<int:pk>/delete/", subscription_delete, name="subscription_delete"),
    path("subscriptions/<int:pk>/rest/", subscription_rest, name="subscription_rest"),
    path("subscriptions/stop/<str:token>/", subscription_stop, name="subscription_stop"),
]
