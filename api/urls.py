"""The addresses of version one. Every one ends with a slash."""

from __future__ import annotations

from django.urls import URLPattern, path, re_path, register_converter

import dashboards.converters  # noqa: F401  # codes, months and periods in addresses
from api.converters import KeyConverter
from api.documentation import Schema, documentation
from api.views.answers import (
    Due,
    NoValueList,
    NoValueTakeBack,
    ProposalDetail,
    ProposalGrant,
    ProposalList,
    ProposalRefuse,
    ProposalTakeBack,
)
from api.views.batches import BatchDetail, BatchList, BatchRowList, BatchStore, BatchUndo
from api.views.definitions import (
    Catalogue,
    ExemptionDetail,
    ExemptionList,
    MetricDetail,
    MetricList,
    OverrideDetail,
    OverrideList,
)
from api.views.drafts import DraftApprove, DraftDetail, DraftList, DraftReject, DraftWithdraw
from api.views.events import EventDetail, EventList
from api.views.house import (
    Me,
    MonthClose,
    MonthDetail,
    MonthList,
    MonthReopen,
    RunDetail,
    RunList,
)
from api.views.links import EngagementDetail, EngagementList, OfferDetail, OfferList
from api.views.measurements import MeasurementDetail, MeasurementHistory, MeasurementList
from api.views.nowhere import Nowhere
from api.views.scorecards import (
    AssignmentDetail,
    AssignmentList,
    ScorecardDetail,
    ScorecardList,
    SubjectScorecard,
)
from api.views.scores import Explanation, ScoreList
from api.views.subjects import SubjectDetail, SubjectList

register_converter(KeyConverter, "key")

app_name = "api"

urlpatterns: list[URLPattern] = [
    path("schema/", Schema.as_view(), name="schema"),
    path("docs/", documentation, name="docs"),
    path("v1/me/", Me.as_view(), name="me"),
    path("v1/subjects/", SubjectList.as_view(), name="subjects"),
    path("v1/subjects/<code:code>/", SubjectDetail.as_view(), name="subject"),
    path(
        "v1/subjects/<code:code>/scorecard/", SubjectScorecard.as_view(), name="subject_scorecard"
    ),
    path("v1/engagements/", EngagementList.as_view(), name="engagements"),
    path(
        "v1/engagements/<code:code>/<code:segment>/",
        EngagementDetail.as_view(),
        name="engagement",
    ),
    path("v1/offers/", OfferList.as_view(), name="offers"),
    path("v1/offers/<code:code>/<code:segment>/", OfferDetail.as_view(), name="offer"),
    path("v1/events/", EventList.as_view(), name="events"),
    path("v1/events/<key:pk>/", EventDetail.as_view(), name="event"),
    path("v1/catalogue/", Catalogue.as_view(), name="catalogue"),
    path("v1/metrics/", MetricList.as_view(), name="metrics"),
    path("v1/metrics/<code:code>/", MetricDetail.as_view(), name="metric"),
    path("v1/overrides/", OverrideList.as_view(), name="overrides"),
    path("v1/overrides/<key:pk>/", OverrideDetail.as_view(), name="override"),
    path("v1/exemptions/", ExemptionList.as_view(), name="exemptions"),
    path("v1/exemptions/<key:pk>/", ExemptionDetail.as_view(), name="exemption"),
    path("v1/scorecards/", ScorecardList.as_view(), name="scorecards"),
    path("v1/scorecards/<code:code>/", ScorecardDetail.as_view(), name="scorecard"),
    path("v1/assignments/", AssignmentList.as_view(), name="assignments"),
    path("v1/assignments/<key:pk>/", AssignmentDetail.as_view(), name="assignment"),
    path("v1/measurements/", MeasurementList.as_view(), name="measurements"),
    path(
        "v1/measurements/<code:metric>/<code:subject>/<period:period>/",
        MeasurementDetail.as_view(),
        name="measurement",
    ),
    path(
        "v1/measurements/<code:metric>/<code:subject>/<period:period>/history/",
        MeasurementHistory.as_view(),
        name="measurement_history",
    ),
    path("v1/due/", Due.as_view(), name="due"),
    path("v1/no-values/", NoValueList.as_view(), name="no_values"),
    path("v1/no-values/take-back/", NoValueTakeBack.as_view(), name="no_value_take_back"),
    path("v1/proposals/", ProposalList.as_view(), name="proposals"),
    path("v1/proposals/<key:pk>/", ProposalDetail.as_view(), name="proposal"),
    path("v1/proposals/<key:pk>/take-back/", ProposalTakeBack.as_view(), name="proposal_take_back"),
    path("v1/proposals/<key:pk>/grant/", ProposalGrant.as_view(), name="proposal_grant"),
    path("v1/proposals/<key:pk>/refuse/", ProposalRefuse.as_view(), name="proposal_refuse"),
    path("v1/drafts/", DraftList.as_view(), name="drafts"),
    path("v1/drafts/approve/", DraftApprove.as_view(), name="drafts_approve"),
    path("v1/drafts/reject/", DraftReject.as_view(), name="drafts_reject"),
    path("v1/drafts/<key:pk>/", DraftDetail.as_view(), name="draft"),
    path("v1/drafts/<key:pk>/withdraw/", DraftWithdraw.as_view(), name="draft_withdraw"),
    path("v1/batches/", BatchList.as_view(), name="batches"),
    path("v1/batches/<key:pk>/", BatchDetail.as_view(), name="batch"),
    path("v1/batches/<key:pk>/rows/", BatchRowList.as_view(), name="batch_rows"),
    path("v1/batches/<key:pk>/store/", BatchStore.as_view(), name="batch_store"),
    path("v1/batches/<key:pk>/undo/", BatchUndo.as_view(), name="batch_undo"),
    path("v1/scores/", ScoreList.as_view(), name="scores"),
    path("v1/explanations/<code:code>/<month:month>/", Explanation.as_view(), name="explanation"),
    path("v1/months/", MonthList.as_view(), name="months"),
    path("v1/months/<month:month>/", MonthDetail.as_view(), name="month"),
    path("v1/months/<month:month>/close/", MonthClose.as_view(), name="month_close"),
    path("v1/months/<month:month>/reopen/", MonthReopen.as_view(), name="month_reopen"),
    path("v1/runs/", RunList.as_view(), name="runs"),
    path("v1/runs/<key:pk>/", RunDetail.as_view(), name="run"),
    # What is asked for by programs is answered to programs, also when it is not there.
    re_path(r"^(?P<rest>[\s\S]*)\Z", Nowhere.as_view(), name="nowhere"),
]
