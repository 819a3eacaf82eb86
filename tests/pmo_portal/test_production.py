"""Production as docker-compose.yml starts it: PostgreSQL, Redis, and each program on its own."""

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path

import pytest
import yaml

from tests.services import free_port

ROOT = Path(__file__).resolve().parent.parent.parent
BY_PROXY = {"Host": "pmo.example.com", "X-Forwarded-Proto": "https"}
TOKEN = "a-token-of-twenty-or-more"
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())


@dataclass
class Site:
    """The programs of one installation."""

    port: int
    variables: dict[str, str]
    log: Path
    programs: dict[str, "subprocess.Popen[bytes]"]

    def manage(self, *arguments: str) -> None:
        command = [sys.executable, str(ROOT / "manage.py"), *arguments]
        subprocess.run(command, env=self.variables, check=True, timeout=120)

    def begin(self, name: str, *command: str) -> None:
        with self.log.open("a") as log:
            self.programs[name] = subprocess.Popen(
                [sys.executable, "-m", *command],
                cwd=ROOT,
                env=self.variables,
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def end(self, name: str) -> None:
        program = self.programs.pop(name)
        program.terminate()
        program.wait(timeout=20)

    def get(self, path: str, **headers: str) -> tuple[int, dict[str, str], str]:
        web = HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            web.request("GET", path, headers=headers)
            answer = web.getresponse()
            return answer.status, dict(answer.getheaders()), answer.read().decode()
        except OSError as error:
            return 0, {}, str(error)
        finally:
            web.close()

    def readiness(self) -> tuple[int, dict[str, str]]:
        status, _, told = self.get("/readyz")
        return status, json.loads(told) if status else {}

    def until(self, what: Callable[[], bool], *, seconds: float = 40) -> bool:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and not what():
            time.sleep(0.2)
        return what()


@pytest.fixture
def site(postgres_url: str, redis_url: str, tmp_path: Path) -> Iterator[Site]:
    variables = {
        "PATH": os.environ["PATH"],
        "DEBUG": "false",
        "SECRET_KEY": "Jx7-Qm2+" * 10,
        "ALLOWED_HOSTS": "pmo.example.com",
        "TRUST_FORWARDED_PROTO": "true",
        "DATABASE_URL": postgres_url,
        "CELERY_BROKER_URL": redis_url,
        "VAR_DIR": str(tmp_path),
        "TMPDIR": str(tmp_path),
        "METRICS_TOKEN": TOKEN,
    }
    site = Site(free_port(), variables, tmp_path / "log", {})
    yield site
    for name in list(site.programs):
        site.end(name)


@pytest.mark.postgres
@pytest.mark.redis
@pytest.mark.worker
@pytest.mark.timeout(240)
def test_each_program_on_its_own_makes_a_portal(site: Site) -> None:
    site.manage("migrate", "--no-input", "--verbosity", "0")
    site.manage("collectstatic", "--no-input", "--verbosity", "0")
    web = ("gunicorn", "pmo_portal.wsgi", "--preload", "--threads", "8", "--no-control-socket")
    site.begin("web", *web, "--workers", "2", "--bind", f"127.0.0.1:{site.port}")
    assert site.until(lambda: site.get("/healthz")[0] == 200), site.log.read_text()
    assert site.readiness() == (
        503,
        {
            "database": "ok",
            "migrations": "ok",
            "broker": "ok",
            "worker": "none answered in 2 s",
            "beat": "no tick yet",
            "scores": "ok",
        },
    )
    assert site.get("/readyz/web")[0] == 200

    for name in ("worker", "beat"):
        site.begin(name, *COMPOSE["services"][name]["command"])
    assert site.until(lambda: site.readiness()[0] == 200), site.log.read_text()

    status, headers, _ = site.get("/sign-in/", Host="pmo.example.com")
    assert (status, headers["Location"]) == (301, "https://pmo.example.com/sign-in/")
    assert site.get("/sign-in/", **BY_PROXY | {"Host": "elsewhere.example.com"})[0] == 400
    status, headers, page = site.get("/sign-in/", **BY_PROXY)
    assert status == 200
    assert headers["Strict-Transport-Security"].startswith("max-age=31536000")
    style = re.search(r'href="(/static/css/portal\.[0-9a-f]{12}\.css)"', page)
    assert style, page
    status, headers, _ = site.get(style[1], **BY_PROXY, **{"Accept-Encoding": "identity"})
    assert (status, "immutable" in headers["Cache-Control"]) == (200, True)

    # Whichever process answers, it tells what both have counted, and of the worker.
    before = requests_counted(site)
    for _ in range(20):
        site.get("/sign-in/", **BY_PROXY)
    assert requests_counted(site) == before + 20
    told = site.get("/prometheus", Authorization=f"Bearer {TOKEN}")[2]
    assert "portal_workers 1.0" in told
    assert site.get("/prometheus")[0] == 401

    # All programs write lines of JSON, and nothing else.
    lines = [json.loads(line) for line in site.log.read_text().splitlines()]
    assert {"gunicorn.error", "pmo_portal.request_log"} <= {line["logger"] for line in lines}
    asked = [line for line in lines if line["message"] == "GET /sign-in/ 200"]
    assert len({line["request_id"] for line in asked}) == len(asked) >= 20

    site.end("web")
    assert not list(Path(site.variables["TMPDIR"]).glob("pmo-portal-metrics-*"))


def requests_counted(site: Site) -> float:
    told = site.get("/prometheus", Authorization=f"Bearer {TOKEN}")[2]
    counted = re.search(
        r'^django_http_responses_total_by_status_view_method_total\{(?=[^}]*view="sign_in")'
        r'(?=[^}]*status="200")[^}]*\} (\S+)$',
        told,
        re.MULTILINE,
    )
    assert counted, told
    return float(counted[1])


@pytest.mark.parametrize("service", COMPOSE["services"])
def test_every_service_of_the_compose_file_is_watched(service: str) -> None:
    described = COMPOSE["services"][service]
    restarts = described["restart"] == "unless-stopped"
    assert restarts or service == "migrate"
    # The image of the portal brings a check of its own, for the web server.
    assert service == "web" or "healthcheck" in described


def test_the_compose_file_knows_no_secret() -> None:
    environment = {
        name: value
        for service in COMPOSE["services"].values()
        for name, value in service.get("environment", {}).items()
    }
    for name in ("SECRET_KEY", "POSTGRES_PASSWORD"):
        assert re.fullmatch(rf"\$\{{{name}:\?.+\}}", environment[name])
    assert re.search(r"portal:\$\{POSTGRES_PASSWORD:\?[^}]+\}@db", environment["DATABASE_URL"])


def test_the_image_runs_what_is_tested_here() -> None:
    image = (ROOT / "Dockerfile").read_text()
    assert '"gunicorn", "pmo_portal.wsgi"' in image
    assert '"--threads", "8", "--preload"' in image
    assert COMPOSE["services"]["worker"]["command"][-1] == "worker"
