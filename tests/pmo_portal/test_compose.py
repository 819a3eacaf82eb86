"""docker-compose.yml and the Dockerfile hold what production is promised, rule by rule.

`make check` validates the one against the compose schema and lints the other; here stands what no
schema knows. Nothing of it needs a container engine.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.test_architecture import ROOMS

ROOT = Path(__file__).resolve().parents[2]
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = ("migrate", "web", "worker", "beat")
DOCKERFILE = (ROOT / "Dockerfile").read_text()

every_service = pytest.mark.parametrize("service", SERVICES)
each_of_ours = pytest.mark.parametrize("service", OURS)


@every_service
def test_nobody_is_root(service: str) -> None:
    assert SERVICES[service]["user"] in ("10001", "postgres", "redis")


def test_the_image_is_nobodys_root_by_itself() -> None:
    users = re.findall(r"^USER (\S+)$", DOCKERFILE, re.MULTILINE)
    assert users[-1:] == ["10001"]
    assert DOCKERFILE.index("USER 10001") < DOCKERFILE.index('CMD ["gunicorn"')


@every_service
def test_roots_are_read_only(service: str) -> None:
    assert SERVICES[service]["read_only"] is True


@every_service
def test_what_is_written_besides_data_is_gone_with_the_container(service: str) -> None:
    assert "/tmp" in SERVICES[service]["tmpfs"]


@every_service
def test_there_are_no_privileges(service: str) -> None:
    described = SERVICES[service]
    assert described["cap_drop"] == ["ALL"]
    assert described["security_opt"] == ["no-new-privileges:true"]
    assert not {"cap_add", "privileged", "network_mode", "pid", "devices"} & described.keys()


def test_migrations_are_a_step_of_their_own_before_everything_else() -> None:
    migrate = SERVICES["migrate"]
    assert migrate["command"] == ["python", "manage.py", "migrate", "--no-input"]
    assert migrate["restart"] == "no"
    assert migrate["depends_on"] == {"db": {"condition": "service_healthy"}}
    for service in ("web", "worker", "beat"):
        waits_for = SERVICES[service]["depends_on"]
        assert waits_for["migrate"] == {"condition": "service_completed_successfully"}
        assert waits_for["redis"] == {"condition": "service_healthy"}
        assert "migrate" not in SERVICES[service].get("command", [])


def test_there_can_be_any_number_of_workers() -> None:
    """`--scale worker=N`: nothing of a worker is one of a kind, and each has a name of its own."""
    worker = SERVICES["worker"]
    assert not {"container_name", "hostname", "ports", "volumes"} & worker.keys()
    # Celery names a worker after its host, which is a container's own.
    assert not {"--hostname", "-n"} & set(worker["command"])
    assert "celery@$$HOSTNAME" in worker["healthcheck"]["test"][1]


def test_there_is_one_scheduler_and_no_worker_is_one_as_well() -> None:
    assert SERVICES["beat"]["command"][-2:] == ["beat", "--pidfile="]
    assert not {"-B", "--beat"} & set(SERVICES["worker"]["command"])


@each_of_ours
def test_all_run_the_same_image_with_the_same_settings(service: str) -> None:
    described = SERVICES[service]
    assert (described["build"], described["image"]) == (".", "pmo-portal")
    assert described["environment"] == SERVICES["web"]["environment"]
    assert described["environment"]["DEBUG"] == "false"


def test_only_the_web_server_is_reached_from_outside() -> None:
    assert [service for service in SERVICES if "ports" in SERVICES[service]] == ["web"]


def test_what_is_kept_lies_in_volumes() -> None:
    mounted = {service: SERVICES[service].get("volumes") for service in SERVICES}
    assert mounted == dict.fromkeys(OURS) | {
        "db": ["database:/var/lib/postgresql/data"],
        "redis": ["broker:/data"],
    }
    assert COMPOSE["volumes"].keys() == {"database", "broker"}


def test_the_database_keeps_what_was_told_to_be_saved() -> None:
    options = dict(option.removeprefix("-c").split("=") for option in SERVICES["db"]["command"][1:])
    for never_off in ("fsync", "synchronous_commit", "full_page_writes"):
        assert options.get(never_off, "on") == "on"
    assert {"shared_buffers", "work_mem", "maintenance_work_mem", "max_wal_size"} <= options.keys()


def test_there_are_connections_for_all_that_ask() -> None:
    """Each thread of the web server and each process of a worker holds one."""
    (most,) = [
        int(option.removeprefix("-cmax_connections="))
        for option in SERVICES["db"]["command"]
        if option.startswith("-cmax_connections=")
    ]
    web = 2 * 8
    worker = 2 * 2  # a process, and its sign of life
    assert web + 10 * worker + 10 < most


@pytest.mark.parametrize(("service", "seconds"), [("web", 30), ("worker", 30), ("db", 60)])
def test_whoever_is_stopped_has_time_to_end_well(service: str, seconds: int) -> None:
    assert int(SERVICES[service]["stop_grace_period"].removesuffix("s")) >= seconds


def test_a_broker_out_of_memory_loses_no_message() -> None:
    command = SERVICES["redis"]["command"]
    assert command[command.index("--maxmemory-policy") + 1] == "noeviction"


def test_the_image_holds_what_runs_the_portal_and_nothing_of_this_machine() -> None:
    ignored = (ROOT / ".dockerignore").read_text().split()
    taken = {entry.removeprefix("!") for entry in ignored if entry.startswith("!")}
    assert "*" in ignored
    assert {*ROOMS, "manage.py", "gunicorn.conf.py", "templates", "static"} <= taken
    assert not {".env", "var", ".git", "tests", ".venv"} & taken
