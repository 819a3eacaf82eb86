"""An administrator looks after what people who have left were sent and kept."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.test import Client

from dashboards.models import Rest, SavedView, Subscription
from tests.dashboards.reading import ClientOf, plain
from tests.factories import SavedViewFactory, SubscriptionFactory

pytestmark = pytest.mark.django_db

SUBSCRIPTIONS = "/admin/dashboards/subscription/"
VIEWS = "/admin/dashboards/savedview/"


@pytest.fixture
def client(administrator: User, client_of: ClientOf) -> Client:
    return client_of(administrator)


def gone(subscription: Subscription) -> Subscription:
    subscription.user.is_active = False
    subscription.user.save()
    return subscription


def listed(client: Client, address: str) -> str:
    return plain(client.get(address).content.decode())


def test_subscriptions_of_those_who_have_left_are_found(client: Client) -> None:
    left, stays = gone(SubscriptionFactory()), SubscriptionFactory()

    words = listed(client, f"{SUBSCRIPTIONS}?user__is_active__exact=0")

    assert f"{left.title} {left.user.username}" in words
    assert "every Monday at 07:00 (UTC)" in words
    assert stays.user.username not in words


@pytest.mark.parametrize("what", ["user", "subject"])
def test_a_subscription_is_found_by_its_owner_or_what_is_sent(client: Client, what: str) -> None:
    one, other = SubscriptionFactory(), SubscriptionFactory(subject=None, view=SavedViewFactory())
    wanted = one.user.username if what == "user" else one.title

    words = listed(client, f"{SUBSCRIPTIONS}?q={wanted}")

    assert one.user.username in words
    assert other.user.username not in words


def test_the_chosen_ones_are_stopped_and_say_by_whom(client: Client) -> None:
    left, rests, other = (
        gone(SubscriptionFactory()),
        SubscriptionFactory(rests=Rest.UNSUBSCRIBED),
        SubscriptionFactory(),
    )

    page = client.post(
        SUBSCRIPTIONS,
        {"action": "stop", "_selected_action": [left.pk, rests.pk]},
        follow=True,
    )

    assert "1 subscription was stopped." in plain(page.content.decode())
    assert dict(Subscription.objects.values_list("pk", "rests")) == {
        left.pk: Rest.BY_ADMINISTRATOR,
        rests.pk: Rest.UNSUBSCRIBED,
        other.pk: "",
    }


def test_its_owner_is_told_who_stopped_it(client_of: ClientOf, executive: User) -> None:
    SubscriptionFactory(user=executive, rests=Rest.BY_ADMINISTRATOR)

    assert "An administrator stopped it." in listed(client_of(executive), "/subscriptions/")


def test_a_subscription_and_a_view_can_be_deleted_and_neither_made_nor_changed(
    client: Client,
) -> None:
    view = SavedViewFactory()
    subscription = SubscriptionFactory(subject=None, view=view)
    for folder, row in ((SUBSCRIPTIONS, subscription.pk), (VIEWS, view.pk)):
        assert client.get(f"{folder}add/").status_code == 403
        assert client.post(f"{folder}{row}/change/", {"name": "x"}).status_code == 403

    assert client.post(f"{VIEWS}{view.pk}/delete/", {"post": "yes"}).status_code == 302

    assert not SavedView.objects.exists()
    assert not Subscription.objects.exists()


@pytest.mark.parametrize("folder", [SUBSCRIPTIONS, VIEWS])
def test_a_pmo_lead_has_no_business_there(client_of: ClientOf, pmo_lead: User, folder: str) -> None:
    assert client_of(pmo_lead).get(folder).status_code == 403


@pytest.mark.parametrize("folder", [SUBSCRIPTIONS, VIEWS])
def test_the_lists_cost_no_more_with_more_rows(
    client: Client, folder: str, django_assert_max_num_queries: object
) -> None:
    for size in (1, 5):
        for _ in range(size):
            SubscriptionFactory()
            SavedViewFactory()
        with django_assert_max_num_queries(12):  # type: ignore[operator]
            client.get(folder)
