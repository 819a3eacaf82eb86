"""After too many wrong passwords none is tried any more, for a while.

A try counts before the password is looked at, so that many at once do not slip through, and is
given back when it was the right one. What counts together:

- the same account from the same address: SIGN_IN_ATTEMPTS;
- any accounts from the same address, ten times as many: nobody walks through the names;
- the same account from anywhere, ten times as many: nobody guesses with many machines.

A browser in which somebody has signed in before is known by a cookie. Its tries for that account
count by themselves, so that nobody who guesses from elsewhere, or at the same address, can lock the
person out. What was typed counts, whether or not there is such an account.
"""

from __future__ import annotations

import hashlib
import ipaddress
import math
import secrets
import time
from collections.abc import Iterator
from dataclasses import dataclass

from django.conf import settings
from django.contrib.auth.models import User
from django.core import signing
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.utils.crypto import salted_hmac

LOCK_OUT = "accounts.lockout"
"""Who tells of a lock-out, by the same signal that tells of wrong passwords."""

FROM_ONE_ADDRESS = FROM_ANYWHERE = 10
"""Times SIGN_IN_ATTEMPTS."""

KNOWN_BROWSER = "known_browser"
KNOWN_FOR_SECONDS = 180 * 86_400
SALT = "accounts.lockout.known_browser"


@dataclass(frozen=True, slots=True)
class Count:
    """What counts together, and how often it may be tried."""

    name: str
    most: int

    @property
    def key(self) -> str:
        return f"tries:{hashlib.sha256(self.name.encode()).hexdigest()}"

    @property
    def until_key(self) -> str:
        return f"{self.key}:until"

    def take(self) -> int:
        """Count one more; the seconds to wait if it is one too many, else 0."""
        seconds = 60 * settings.SIGN_IN_LOCK_MINUTES
        cache.add(self.key, 0, seconds)
        try:
            number = int(cache.incr(self.key))
        except ValueError:  # it ran out between the two
            cache.set(self.key, 1, seconds)
            number = 1
        if number == 1:
            cache.touch(self.key, seconds)
        if number == self.most:
            # The wait begins with the last try that was taken; those after it don't prolong it.
            cache.touch(self.key, seconds)
            cache.set(self.until_key, time.time() + seconds, seconds)
        if number <= self.most:
            return 0
        until = float(cache.get(self.until_key, time.time() + seconds))
        return max(1, math.ceil(until - time.time()))

    def give_back(self) -> None:
        try:
            if cache.decr(self.key) <= 0:
                cache.delete(self.key)
        except ValueError:
            pass

    def forget(self) -> None:
        cache.delete(self.key)
        cache.delete(self.until_key)


class Try:
    """One try of a password for an account, as it was typed."""

    def __init__(self, request: HttpRequest, address: str, typed: str) -> None:
        self.counts = list(counts_of(request, address, typed))
        self._taken: list[Count] = []
        self.begins_the_wait = False

    def take(self) -> int:
        """The seconds to wait, 0 if the password may be looked at."""
        for count in self.counts:
            if wait := count.take():
                self.give_back()
                self.begins_the_wait = cache.add(f"{count.key}:told", True, wait)
                return wait
            self._taken.append(count)
        return 0

    def give_back(self) -> None:
        """It was the right one, or it was not looked at."""
        while self._taken:
            self._taken.pop().give_back()


def counts_of(request: HttpRequest, address: str, typed: str) -> Iterator[Count]:
    login, most = as_counted(typed), settings.SIGN_IN_ATTEMPTS
    if browser := known_browser(request, login):
        yield Count(f"browser {browser} {login}", most)
        return
    network = network_of(address)
    yield Count(f"account {network} {login}", most)
    yield Count(f"address {network}", most * FROM_ONE_ADDRESS)
    yield Count(f"anywhere {login}", most * FROM_ANYWHERE)


def forget_tries(request: HttpRequest, address: str, person: User) -> None:
    """Somebody proved by mail that the account is theirs: they need not wait any longer."""
    for login in logins_of(person):
        for count in counts_of(request, address, login):
            if not count.name.startswith("address "):
                count.forget()


def as_counted(typed: str) -> str:
    return typed.strip().casefold()


def logins_of(person: User) -> list[str]:
    return [as_counted(name) for name in (person.get_username(), person.email) if name]


def network_of(address: str) -> str:
    """Of IPv6 the first half: the other one a machine chooses as it likes."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    if found.version == 4:
        return address
    return str(ipaddress.ip_network(f"{address}/64", strict=False))


def remember_browser(response: HttpResponse, person: User) -> None:
    """Somebody has signed in: what is tried here for their account counts by itself from now on."""
    word = [secrets.token_urlsafe(12), [_digest(login) for login in logins_of(person)]]
    response.set_cookie(
        KNOWN_BROWSER,
        signing.dumps(word, salt=SALT),
        max_age=KNOWN_FOR_SECONDS,
        path=settings.SESSION_COOKIE_PATH,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def known_browser(request: HttpRequest, login: str) -> str:
    """What the browser is called for this account; nothing if nobody has signed in to it there."""
    try:
        name, digests = signing.loads(
            request.COOKIES.get(KNOWN_BROWSER, ""), salt=SALT, max_age=KNOWN_FOR_SECONDS
        )
    except (signing.BadSignature, ValueError, TypeError):
        return ""
    return str(name) if _digest(login) in digests else ""


def _digest(login: str) -> str:
    return salted_hmac(SALT, login, algorithm="sha256").hexdigest()[:32]
