"""Who and what is measured."""

from projects.models.customers import Customer, Segment, Service
from projects.models.events import Event
from projects.models.limits import PortfolioLimit
from projects.models.links import Engagement, Offer
from projects.models.organisation import DEFAULT_ORGANISATION_CODE, Organisation
from projects.models.portfolios import Portfolio, Project
from projects.models.subjects import Subject

SUBJECT_MODELS: dict[str, type[Subject]] = {
    model.KIND: model
    for model in (Organisation, Portfolio, Project, Segment, Customer, Service, Engagement)
}
"""The table of each kind of subject."""

__all__ = [
    "DEFAULT_ORGANISATION_CODE",
    "SUBJECT_MODELS",
    "Customer",
    "Engagement",
    "Event",
    "Offer",
    "Organisation",
    "Portfolio",
    "PortfolioLimit",
    "Project",
    "Segment",
    "Service",
    "Subject",
]
