from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView

from accounts.audit_page import audit_log
from api.pages import token_end, token_list
from pmo_portal.access import account, home
from pmo_portal.kept_mails import kept_mail, kept_mail_file, kept_mail_list
from pmo_portal.status import status

handler400 = "pmo_portal.errors.bad_request"
handler500 = "pmo_portal.errors.server_error"
handler404 = "pmo_portal.errors.not_found"

urlpatterns = [
    path("", home, name="home"),
    path("account/", account, name="account"),
    path("", include("accounts.urls")),
    # One page for one's password, whoever asks for it.
    path("admin/password_change/", RedirectView.as_view(pattern_name="password_change")),
    path("admin/", admin.site.urls),
    path("account/tokens/", token_list, name="token_list"),
    path("account/tokens/<int:pk>/end/", token_end, name="token_end"),
    path("audit/", audit_log, name="audit_log"),
    path("api/", include("api.urls")),
    path("status/", status, name="status"),
    path("mails/", kept_mail_list, name="kept_mail_list"),
    path("mails/<slug:name>/", kept_mail, name="kept_mail"),
    path("mails/<slug:name>/<int:number>/", kept_mail_file, name="kept_mail_file"),
    path("", include("dashboards.urls")),
]
