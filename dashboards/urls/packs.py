"""Monthly packs and their files."""

from django.urls import URLPattern, path

from dashboards.views.packs import pack_data, pack_keep, pack_kept, pack_list, pack_open

urlpatterns: list[URLPattern] = [
    path("packs/", pack_list, name="pack_list"),
    path("packs/kept/<int:number>/", pack_kept, name="pack_kept"),
    path("packs/kept/<int:number>/data/", pack_data, name="pack_data"),
    path("packs/<code:code>/<month:month>/<slug:kind>/", pack_open, name="pack_open"),
    path("packs/closing/<int:closing>/<code:code>/", pack_keep, name="pack_keep"),
]
