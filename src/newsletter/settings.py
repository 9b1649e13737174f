"""Settings: newsletter.toml (no secrets), overridden by NEWSLETTER_* and DATABASE_URL; secrets apart.

Secrets of our own (the key ring and the suppression key) are made at the first run in `.newsletter/secrets.env`
(mode 0600, git-ignored); the environment overrides the file. Providers' secrets come from the environment only.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from newsletter.errors import NewsletterError, Problem, ProblemsFound, UsageError, nearest
from newsletter.i18n import normalise
from newsletter.loading_toml import TomlDocument
from newsletter.pace import Limits
from newsletter.tokens import AddressKeys, KeyRing

FILE = "newsletter.toml"
STATE_FOLDER = ".newsletter"
SECRETS_FILE = "secrets.env"
FROM_ENVIRONMENT = (
    "public_url",
    "studio_url",
    "time_zone",
    "default_language",
    "approve_own",
    "redirect_all_to",
    "documents",
    "log_format",
)
KEYS = ("NEWSLETTER_KEY_RING", "NEWSLETTER_SUPPRESSION_KEY")


def _tag(value: object) -> object:
    return normalise(value) if isinstance(value, str) else value


LanguageTag = Annotated[str, BeforeValidator(_tag)]


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class AssociationSettings(Strict):
    """Who sends: stands in the masthead and the footer of every message."""

    name: dict[LanguageTag, str] = Field(default_factory=lambda: {"en": "Our association"})
    postal_address: dict[LanguageTag, str] = Field(default_factory=dict, description="Required by law in every message")
    url: dict[LanguageTag, str] = Field(default_factory=dict)
    logo: str | None = Field(default=None, description="A picture in the workspace, 280 pixels wide")


class PersonSettings(Strict):
    """A person who may act by name (`--as`); becomes a row when the workspace is opened."""

    name: str
    address: str | None = None
    roles: list[Literal["reader", "author", "steward", "approver", "admin"]] = Field(min_length=1)


class OutboxSettings(Strict):
    """The embedded default: messages become files. What goes there is a rehearsal."""

    kind: Literal["outbox"]
    folder: str = Field(default="outbox", description="Relative to the workspace")
    limits: Limits = Limits()


class SmtpSettings(Strict):
    kind: Literal["smtp"]
    host: str = Field(description="The mail server")
    port: int = Field(default=587, ge=1, le=65535)
    tls: Literal["starttls", "implicit", "none"] = "starttls"
    username: str | None = Field(default=None, description="The password comes from NEWSLETTER_<NAME>_PASSWORD")
    connections: int = Field(default=4, ge=1, le=50, description="At the same time")
    timeout: timedelta = timedelta(seconds=60)
    pipelining: bool = Field(
        default=True, description="One round trip a message, where the server offers PIPELINING (RFC 2920)"
    )
    envelope_from: str | None = Field(default=None, description="Where bounces go; else the sender's address")
    ca_file: str | None = Field(default=None, description="A certificate authority of your own, in the workspace")
    limits: Limits = Limits()


class SendGridSettings(Strict):
    kind: Literal["sendgrid"]
    host: str = Field(default="https://api.sendgrid.com", description="EU: https://api.eu.sendgrid.com")
    connections: int = Field(default=4, ge=1, le=20, description="Requests at the same time")
    batch: int = Field(default=1000, ge=1, le=1000, description="Recipients a request")
    timeout: timedelta = timedelta(seconds=60)
    limits: Limits = Limits()
    webhook_key: str | None = Field(
        default=None, description="Public key of the signed event webhook at /hooks/sendgrid/<name of this transport>"
    )
    settle_requests: bool = Field(
        default=True, description="Whether one event settles all that its request carried (taken or refused whole)"
    )


TransportSettings = Annotated[OutboxSettings | SmtpSettings | SendGridSettings, Field(discriminator="kind")]


def _only_an_outbox() -> dict[str, TransportSettings]:
    return {"outbox": OutboxSettings(kind="outbox")}


class DkimSettings(Strict):
    """Signing of our own, for SMTP servers that do not sign. The key comes from NEWSLETTER_DKIM_KEY (PEM)."""

    domain: str
    selector: str


class Settings(Strict):
    """What newsletter.toml may say."""

    public_url: str = Field(default="https://news.example.org", description="Where recipients' links lead")
    studio_url: str = Field(default="http://127.0.0.1:8025", description="Where staff open the studio")
    database: str | None = Field(default=None, description="Else .newsletter/newsletter.sqlite; DATABASE_URL wins")
    documents: Literal["folder", "database"] = Field(
        default="folder",
        description="Where definitions are read and written; `newsletter push` brings them over",
    )
    time_zone: str = Field(default="UTC", description="In which people see and write times; IANA")
    languages: list[LanguageTag] = Field(default_factory=lambda: ["en"], description="In which you write; BCP 47")
    default_language: LanguageTag = Field(default="en", description="For contacts of whom no language is known")
    approve_own: bool = Field(default=False, description="Whether one may approve what one last changed")
    association: AssociationSettings = AssociationSettings()
    people: dict[str, PersonSettings] = Field(default_factory=dict)
    transports: dict[str, TransportSettings] = Field(default_factory=_only_an_outbox)
    send_with: list[str] = Field(default_factory=list, description="Transports of real sends, in order of failover")
    test_addresses: list[str] = Field(default_factory=list, description="Who may get tests besides staff; *@domain")
    redirect_all_to: str | None = Field(default=None, description="Staging: all mail goes to this one address instead")
    typography: dict[LanguageTag, dict[str, bool | str]] = Field(default_factory=dict, description="House style")
    mail_programs: list[str] = Field(
        default_factory=list,
        description="Those that the checks look at, as caniemail.com names them (outlook.windows); else the usual ones",
    )
    dkim: DkimSettings | None = Field(default=None, description="Sign messages here, by SMTP")
    give_up_after: timedelta = Field(default=timedelta(hours=48), description="Of deliveries that servers put off")
    failover_after: timedelta = Field(
        default=timedelta(minutes=10), description="A transport that cannot be reached for so long is left for the next"
    )
    log_format: Literal["text", "json"] = Field(
        default="text", description="What `serve` and `worker` say on stderr: lines for people, or a JSON object each"
    )
    stop_within: timedelta = Field(
        default=timedelta(seconds=20),
        ge=timedelta(0),
        description="What is being sent may take so long once the program is told to stop; then it is in doubt",
    )
    compile_seconds: float = Field(default=20, gt=0, description="Wall time for compiling one language")

    @property
    def host(self) -> str:
        return self.public_url.split("//", 1)[-1].split("/", 1)[0].split(":")[0]


@dataclass(frozen=True, slots=True)
class Secrets:
    key_ring: KeyRing
    address_keys: AddressKeys


def load_settings(folder: Path, environment: Mapping[str, str] | None = None) -> Settings:
    """newsletter.toml of a folder and the environment; ProblemsFound names every mistake with its line."""
    file = folder / FILE
    if not file.is_file():
        raise UsageError(
            f"{folder} is no workspace: it has no {FILE}. Make one with `newsletter init {folder}`, "
            "or name another with --workspace."
        )
    return read_settings(file.read_bytes(), environment)


def read_settings(content: bytes, environment: Mapping[str, str] | None = None) -> Settings:
    """The same, of the bytes of newsletter.toml, wherever they lie."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ProblemsFound([Problem("This is not UTF-8: save it as UTF-8.", FILE)]) from error
    document = TomlDocument(text, FILE)
    settings = document.load(Settings, _from_environment(os.environ if environment is None else environment))
    _check_names(settings, document)
    return settings


def _from_environment(env: Mapping[str, str]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for name in FROM_ENVIRONMENT:
        if value := env.get(f"NEWSLETTER_{name.upper()}"):
            values[name] = value
    for name in ("languages", "send_with", "test_addresses"):
        if value := env.get(f"NEWSLETTER_{name.upper()}"):
            values[name] = [part.strip() for part in value.split(",")]
    if url := env.get("DATABASE_URL"):
        values["database"] = url
    return values


def _check_names(settings: Settings, document: TomlDocument) -> None:
    known = settings.transports
    problems = [
        document.problem(f"send_with names the transport {name!r}: {nearest(name, known)}", "send_with")
        for name in settings.send_with
        if name not in known
    ]
    if settings.default_language not in settings.languages:
        message = f"default_language {settings.default_language!r} is not among the languages"
        problems.append(document.problem(message, "default_language"))
    if problems:
        raise ProblemsFound(problems)


def state_folder(root: Path) -> Path:
    """The folder of keys and addresses, made for its owner alone."""
    folder = root / STATE_FOLDER
    if not folder.is_dir():
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        (folder / ".gitignore").write_text("*\n")
    return folder


def load_secrets(folder: Path, environment: Mapping[str, str] | None = None, *, make: bool = True) -> Secrets:
    """The keys, made at the first run; NewsletterError where they cannot be read, or are lost.

    `make=False`: there is a database that knows a key, so that new ones would only hide that the file is lost.
    """
    env = os.environ if environment is None else environment
    file = folder / STATE_FOLDER / SECRETS_FILE
    if make and not file.exists() and not all(env.get(name) for name in KEYS):
        _make_secrets(state_folder(folder) / SECRETS_FILE)
    there = file.exists()
    values = _read_env_file(file) if there else {}
    values |= {k: v for k, v in env.items() if k.startswith("NEWSLETTER_")}
    try:
        ring = {
            int(number): bytes.fromhex(key)
            for number, _, key in (part.partition(":") for part in values["NEWSLETTER_KEY_RING"].split(","))
        }
        suppression = bytes.fromhex(values["NEWSLETTER_SUPPRESSION_KEY"])
    except (KeyError, ValueError) as error:
        raise NewsletterError(
            f"{STATE_FOLDER}/{SECRETS_FILE} is {'damaged' if there else 'missing'}: it needs NEWSLETTER_KEY_RING "
            "(1:<64 hex digits>) and NEWSLETTER_SUPPRESSION_KEY (64 hex digits). Restore it from a backup; a new "
            "suppression key would forget who must not be written to."
        ) from error
    return Secrets(KeyRing(ring), AddressKeys(suppression))


def _make_secrets(file: Path) -> None:
    content = (
        "# Made at the first run. Keep it out of git, and back it up: the suppression key must never change.\n"
        f"NEWSLETTER_KEY_RING=1:{secrets.token_hex(32)}\n"
        f"NEWSLETTER_SUPPRESSION_KEY={secrets.token_hex(32)}\n"
    )
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as stream:
        stream.write(content)


def _read_env_file(file: Path) -> dict[str, str]:
    lines = (line.strip() for line in file.read_text().splitlines())
    pairs = (line.partition("=") for line in lines if line and not line.startswith("#"))
    return {name.strip(): value.strip() for name, _, value in pairs}


def provider_secret(name: str, environment: Mapping[str, str] | None = None) -> str | None:
    """A secret of a provider, from the environment only."""
    env = os.environ if environment is None else environment
    return env.get(name)
