"""Settings refuse what would go wrong later, each with one sentence."""

import os
import runpy
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from pmo_portal.environment import Environment, Refused, environment
from pmo_portal.roles import Role

SECRET = "Jx7-Qm2+" * 10
PRODUCTION = {
    "DEBUG": "false",
    "SECRET_KEY": SECRET,
    "ALLOWED_HOSTS": "pmo.example.com",
    "DATABASE_URL": "postgres://portal:s3cret@db:5432/portal",
    "CELERY_BROKER_URL": "redis://redis:6379/0",
}
A_SECRET = "make one with: python3 -c 'import secrets; print(secrets.token_urlsafe(64))'"
HOSTS = "host names with commas between them, such as pmo.example.com"
PORTAL = "the address by which people reach the portal, such as https://pmo.example.com"
DATABASE = "postgres://USER:PASSWORD@HOST:PORT/NAME or sqlite:////FOLDER/FILE.sqlite3"


@pytest.fixture
def settings_with(monkeypatch: pytest.MonkeyPatch, project_root: Path) -> Any:
    """Reads the settings afresh, with these variables and no other setting in the environment."""

    def read(variables: dict[str, str]) -> dict[str, Any]:
        for name in environment.names:
            monkeypatch.delenv(name, raising=False)
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        return runpy.run_path(str(project_root / "pmo_portal" / "settings.py"))

    return read


def test_development_needs_no_variable(settings_with: Any, project_root: Path) -> None:
    settings = settings_with({})
    assert settings["DEBUG"] is True
    assert settings["DATABASES"]["default"]["NAME"] == str(project_root / "var/portal.sqlite3")
    assert settings["CELERY_BROKER_URL"] == "filesystem://localhost"
    assert len(settings["SECRET_KEY"]) >= 50


def test_development_keeps_its_secret(settings_with: Any) -> None:
    assert settings_with({})["SECRET_KEY"] == settings_with({})["SECRET_KEY"]


def test_an_empty_variable_counts_as_unset(settings_with: Any) -> None:
    assert settings_with({"DEBUG": "", "TIME_ZONE": " "})["TIME_ZONE"] == "UTC"


def test_production_starts_on_what_it_needs(settings_with: Any) -> None:
    settings = settings_with(PRODUCTION)
    assert settings["DEBUG"] is False
    assert settings["IS_EMBEDDED"] is False
    assert settings["SESSION_COOKIE_SECURE"] is True
    assert settings["DATABASES"]["default"]["PASSWORD"] == "s3cret"
    assert settings["CELERY_BROKER_TRANSPORT_OPTIONS"]["visibility_timeout"] > 3600


def test_each_database_file_has_a_broker_of_its_own(settings_with: Any, tmp_path: Path) -> None:
    settings = settings_with({"DATABASE_URL": f"sqlite:///{tmp_path}/other.sqlite3"})
    assert settings["BROKER_FOLDER"] == tmp_path / "other.broker"


def test_a_relative_database_file_is_meant_from_the_project(
    settings_with: Any, project_root: Path
) -> None:
    settings = settings_with({"DATABASE_URL": "sqlite:///var/other.sqlite3"})
    assert settings["DATABASES"]["default"]["NAME"] == str(project_root / "var/other.sqlite3")


def test_production_counts_tries_where_all_processes_see_them(settings_with: Any) -> None:
    cache = settings_with(PRODUCTION)["CACHES"]["default"]
    assert (cache["BACKEND"], cache["LOCATION"]) == (
        "accounts.shared_cache.SharedCache",
        "redis://redis:6379/0",
    )


def test_settings_of_accounts_are_read(settings_with: Any) -> None:
    settings = settings_with(
        {
            "SIGN_IN_ATTEMPTS": "8",
            "SIGN_IN_LOCK_MINUTES": "30",
            "SESSION_IDLE_HOURS": "2",
            "SESSION_STAY_DAYS": "7",
            "PASSWORD_RESET_MINUTES": "20",
            "TRUSTED_PROXIES": "2",
            "SECRET_KEY_FALLBACKS": "older, oldest",
            "REQUIRE_SECOND_FACTOR_FOR": "Administrator, PMO lead",
        }
    )
    assert settings["ACCOUNT_RATE_LIMITS"]["login_failed"] == "8/30m/key"
    assert settings["SESSION_COOKIE_AGE"] == 2 * 3600
    assert settings["ACCOUNT_SESSION_COOKIE_AGE"] == 7 * 86_400
    assert settings["PASSWORD_RESET_TIMEOUT"] == 20 * 60
    assert settings["ALLAUTH_TRUSTED_PROXY_COUNT"] == 2
    assert settings["SECRET_KEY_FALLBACKS"] == ["older", "oldest"]
    assert settings["REQUIRE_SECOND_FACTOR_FOR"] == ["Administrator", "PMO lead"]


@pytest.mark.parametrize("role", Role)
def test_each_role_may_be_asked_for_a_second_factor(settings_with: Any, role: Role) -> None:
    settings = settings_with({"REQUIRE_SECOND_FACTOR_FOR": role.value})
    assert settings["REQUIRE_SECOND_FACTOR_FOR"] == [role.value]


WRONG = {
    "flag": ({"DEBUG": "perhaps"}, "DEBUG is 'perhaps'; it takes true or false."),
    "database of another kind": (
        {"DATABASE_URL": "mysql://root:s3cret@db/portal"},
        f"DATABASE_URL is 'mysql://***@db/portal'; it takes {DATABASE}.",
    ),
    "database without a name": (
        {"DATABASE_URL": "postgres://portal:s3cret@db:5432"},
        f"DATABASE_URL is 'postgres://***@db:5432', without a name; it takes {DATABASE}.",
    ),
    "database with a port that is none": (
        {"DATABASE_URL": "postgres://portal:s3cret@db:none/portal"},
        f"DATABASE_URL is 'postgres://***@db:none/portal'; it takes {DATABASE}.",
    ),
    "database in a folder that is none": (
        {"DATABASE_URL": "sqlite:////nowhere/at/all/portal.sqlite3"},
        "DATABASE_URL is 'sqlite:////nowhere/at/all/portal.sqlite3'; there is no folder"
        " /nowhere/at/all.",
    ),
    "broker": (
        {"CELERY_BROKER_URL": "amqp://guest:s3cret@rabbit"},
        "CELERY_BROKER_URL is 'amqp://***@rabbit'; it takes the address of a Redis, such as"
        " redis://HOST:6379/0.",
    ),
    "mail": (
        {"EMAIL_URL": "mail.example.com"},
        "EMAIL_URL is 'mail.example.com'; it takes smtp://, smtp+tls://USER:PASSWORD@HOST:587,"
        " smtp+ssl://, consolemail:// to print mails, or keepmail:// to keep them on this machine.",
    ),
    "address of the portal without a host": (
        {"PORTAL_URL": "https:///entry"},
        f"PORTAL_URL is 'https:///entry'; it takes {PORTAL}.",
    ),
    "address of the portal with a password": (
        {"PORTAL_URL": "https://ada:s3cret@pmo.example.com"},
        f"PORTAL_URL is 'https://***@pmo.example.com'; it takes {PORTAL}.",
    ),
    "address of the portal by another protocol": (
        {"PORTAL_URL": "mailto:pmo@example.com"},
        f"PORTAL_URL is '***@example.com'; it takes {PORTAL}.",
    ),
    "role for a second factor": (
        {"REQUIRE_SECOND_FACTOR_FOR": "Administrator,Analist"},
        "REQUIRE_SECOND_FACTOR_FOR has 'Analist'; it takes roles with commas between them:"
        " Executive, PMO lead, Analyst, Administrator; did you mean 'Analyst'?",
    ),
    "number": (
        {"SCORE_RUN_STALE_SECONDS": "1 minute"},
        "SCORE_RUN_STALE_SECONDS is '1 minute'; it takes a whole number from 5 to 86400.",
    ),
    "number out of range": (
        {"ANSWER_NEEDS_EVERY_SECONDS": "0"},
        "ANSWER_NEEDS_EVERY_SECONDS is '0'; it takes a whole number from 1 to 3600.",
    ),
    "time zone": (
        {"TIME_ZONE": "Europe/Berln"},
        "TIME_ZONE is 'Europe/Berln'; it takes a time zone such as UTC or Europe/Berlin;"
        " did you mean 'Europe/Berlin'?",
    ),
    "language": (
        {"LANGUAGE_CODE": "klingon"},
        "LANGUAGE_CODE is 'klingon'; it takes a language that Django knows, such as en-gb or de.",
    ),
    "folder that is a file": (
        {"VAR_DIR": __file__},
        f"VAR_DIR is '{__file__}'; it takes a folder to write to (File exists).",
    ),
    "log level": (
        {"LOG_LEVEL": "LOUD"},
        "LOG_LEVEL is 'LOUD'; it takes DEBUG, INFO, WARNING or ERROR.",
    ),
    "host with a scheme": (
        {"ALLOWED_HOSTS": "https://pmo.example.com"},
        f"ALLOWED_HOSTS has 'https://pmo.example.com'; it takes {HOSTS}, without scheme and port.",
    ),
    "host with a port": (
        {"ALLOWED_HOSTS": "pmo.example.com:8000"},
        f"ALLOWED_HOSTS has 'pmo.example.com:8000'; it takes {HOSTS}, without scheme and port.",
    ),
    "origin without a scheme": (
        {"CSRF_TRUSTED_ORIGINS": "pmo.example.com"},
        "CSRF_TRUSTED_ORIGINS has 'pmo.example.com'; it takes origins with commas between them,"
        " such as https://pmo.example.com.",
    ),
    "misspelt name": (
        {"ALLOWED_HOST": "pmo.example.com"},
        "ALLOWED_HOST is not a setting of the portal; did you mean ALLOWED_HOSTS?",
    ),
    "production without a secret": (
        PRODUCTION | {"SECRET_KEY": ""},
        f"SECRET_KEY is missing; production takes a secret of its own: {A_SECRET}",
    ),
    "production with a short secret": (
        PRODUCTION | {"SECRET_KEY": "abcdefgh"},
        "SECRET_KEY has 8 characters, 8 of them different; production takes 50 or more random"
        f" ones: {A_SECRET}",
    ),
    "production with a monotonous secret": (
        PRODUCTION | {"SECRET_KEY": "a" * 60},
        "SECRET_KEY has 60 characters, 1 of them different; production takes 50 or more random"
        f" ones: {A_SECRET}",
    ),
    "production with a default secret": (
        PRODUCTION | {"SECRET_KEY": f"change-me-{SECRET}"},
        f"SECRET_KEY is a default that anybody can read; {A_SECRET}",
    ),
    "production without hosts": (
        PRODUCTION | {"ALLOWED_HOSTS": ""},
        f"ALLOWED_HOSTS is missing; production takes {HOSTS}.",
    ),
    "production with every host": (
        PRODUCTION | {"ALLOWED_HOSTS": "pmo.example.com,*"},
        f"ALLOWED_HOSTS has '*', which is every host; production takes {HOSTS}.",
    ),
    "production without a database": (
        PRODUCTION | {"DATABASE_URL": ""},
        f"DATABASE_URL is missing; production takes {DATABASE}.",
    ),
    "production without a broker": (
        PRODUCTION | {"CELERY_BROKER_URL": ""},
        "CELERY_BROKER_URL is missing; production takes the address of a Redis, such as"
        " redis://HOST:6379/0.",
    ),
    "production with sign-ins over plain HTTP": (
        PRODUCTION | {"SESSION_COOKIE_SECURE": "false"},
        "SESSION_COOKIE_SECURE is false; production takes true: sign-ins travel by HTTPS only.",
    ),
    "production with forms over plain HTTP": (
        PRODUCTION | {"CSRF_COOKIE_SECURE": "no"},
        "CSRF_COOKIE_SECURE is false; production takes true: forms travel by HTTPS only.",
    ),
}


@pytest.mark.parametrize(("variables", "sentence"), WRONG.values(), ids=WRONG.keys())
def test_a_wrong_value_is_refused_with_a_sentence(
    settings_with: Any, variables: dict[str, str], sentence: str
) -> None:
    with pytest.raises(Refused) as refusal:
        settings_with(variables)
    assert str(refusal.value) == sentence
    assert "s3cret" not in sentence


def run(command: list[str], variables: dict[str, str], folder: Path) -> tuple[int, str]:
    """Exit code and output of a process that has nothing else in its environment."""
    done = subprocess.run(
        command,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(folder)} | variables,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=60,
        check=False,
    )
    return done.returncode, done.stdout


@pytest.mark.parametrize(
    "door",
    [
        ["manage.py", "check"],
        ["-m", "gunicorn", "--preload", "--check-config", "pmo_portal.wsgi"],
        ["-m", "celery", "-A", "pmo_portal", "report"],
    ],
    ids=lambda door: " ".join(door[:2]),
)
def test_every_door_ends_in_the_sentence_alone(door: list[str], project_root: Path) -> None:
    command = [sys.executable, str(project_root / door[0]) if door[0] == "manage.py" else door[0]]
    code, told = run(command + door[1:], {"DEBUG": "perhaps"}, project_root)
    assert code != 0
    assert told == "DEBUG is 'perhaps'; it takes true or false.\n"


def test_the_deploy_check_is_clean_in_production(project_root: Path) -> None:
    command = [sys.executable, str(project_root / "manage.py"), "check", "--deploy"]
    code, told = run([*command, "--fail-level", "WARNING"], PRODUCTION, project_root)
    assert (code, told) == (0, "System check identified no issues (0 silenced).\n")


def example_variables(project_root: Path) -> dict[str, str]:
    """What .env.example offers, commented-out defaults as well."""
    variables = {}
    for line in (project_root / ".env.example").read_text().splitlines():
        name, is_variable, value = line.removeprefix("#").partition("=")
        if is_variable and name.isidentifier() and name.isupper():
            variables[name] = value
    return variables


def test_the_example_tells_every_variable_and_no_other(project_root: Path) -> None:
    assert sorted(example_variables(project_root)) == sorted(
        {*environment.names, "POSTGRES_PASSWORD", "PORT", "WEB_CONCURRENCY"}
    )


def test_the_example_is_refused_until_its_placeholders_are_filled(
    settings_with: Any, project_root: Path
) -> None:
    with pytest.raises(Refused, match=r"^SECRET_KEY is a default that anybody can read;"):
        settings_with(example_variables(project_root))


def test_the_example_starts_production_once_it_is_filled_in(
    settings_with: Any, project_root: Path
) -> None:
    settings = settings_with(example_variables(project_root) | {"SECRET_KEY": SECRET})
    assert settings["IS_PRODUCTION"] is True
    assert settings["ALLOWED_HOSTS"] == ["pmo.example.com"]


def test_a_variable_of_another_program_is_none_of_our_business() -> None:
    reader = Environment({"LANGUAGE": "en", "EDITOR": "vi", "PGHOST": "db"})
    for name in ("LANGUAGE_CODE", "DATABASE_URL", "DEBUG"):
        reader.text(name)
    reader.refuse_misspelt()
