"""Wrong passwords are counted by all web processes together."""

from __future__ import annotations

import re
import urllib.parse
import urllib.request
from http.cookiejar import CookieJar
from pathlib import Path

import pytest

from tests.installation import eventually, installed
from tests.services import free_port

pytestmark = [pytest.mark.worker, pytest.mark.redis, pytest.mark.timeout(240)]


def try_password(base: str) -> str:
    """What the page tells, in a browser of its own and so over a connection of its own."""
    jar = CookieJar()
    opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(jar))
    page = opener.open(f"{base}/sign-in/").read().decode()
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page)
    assert token
    sent = {"username": "ada", "password": "wrong", "csrfmiddlewaretoken": token[1]}
    answer = opener.open(f"{base}/sign-in/", urllib.parse.urlencode(sent).encode())
    told = re.search(r'<div class="notice__body">(.*?)</div>', answer.read().decode(), re.DOTALL)
    assert told
    return told[1].strip().partition(".")[0]


def is_up(base: str) -> bool:
    try:
        return bool(urllib.request.urlopen(f"{base}/healthz").status == 200)
    except OSError:
        return False


def test_two_web_processes_take_five_tries_between_them(redis_url: str, tmp_path: Path) -> None:
    address = f"sqlite:///{tmp_path}/portal.sqlite3"
    with installed(tmp_path, address, redis_url) as installation:
        port = free_port()
        installation.start_web(port)
        base = f"http://127.0.0.1:{port}"
        eventually(lambda: is_up(base))
        told = [try_password(base) for _ in range(12)]
    assert told[5:] == ["Too many wrong passwords"] * 7
    assert {words[:9] for words in told[:5]} == {"This name"}
