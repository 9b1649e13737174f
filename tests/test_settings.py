"""newsletter.toml and the secrets: every mistake at once with its line, keys made once and kept."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from newsletter.errors import NewsletterError, ProblemsFound, UsageError
from newsletter.settings import load_secrets, load_settings


def write(folder: Path, text: str) -> Path:
    (folder / "newsletter.toml").write_text(text, encoding="utf-8")
    return folder


def test_every_mistake_is_named_with_its_line(tmp_path: Path) -> None:
    text = 'public_ur = "https://x.example"\ntime_zone = "UTC"\n[transports.main]\nkind = "smtp"\nhots = "mail"\n'
    with pytest.raises(ProblemsFound) as found:
        load_settings(write(tmp_path, text), {})
    told = str(found.value)
    assert "newsletter.toml:1: public_ur is not known here: did you mean 'public_url'?" in told
    assert "newsletter.toml:5" in told
    assert "'host'" in told


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    folder = write(tmp_path, 'public_url = "https://a.example"\nlanguages = ["fr"]\ndefault_language = "fr"\n')
    env = {"NEWSLETTER_PUBLIC_URL": "https://b.example", "DATABASE_URL": "postgresql://x/y"}
    settings = load_settings(folder, env)
    assert (settings.public_url, settings.database, settings.languages) == (
        "https://b.example",
        "postgresql://x/y",
        ["fr"],
    )


def test_names_that_lead_nowhere_are_told_with_the_nearest(tmp_path: Path) -> None:
    text = 'send_with = ["outbx"]\nlanguages = ["en"]\ndefault_language = "fr"\n'
    with pytest.raises(ProblemsFound, match=r"did you mean 'outbox'\?(.|\n)*'fr' is not among"):
        load_settings(write(tmp_path, text), {})


def test_no_workspace_and_no_toml(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="newsletter init"):
        load_settings(tmp_path, {})
    with pytest.raises(ProblemsFound, match="no TOML"):
        load_settings(write(tmp_path, "a = ["), {})


def test_keys_are_made_once_readable_by_nobody_else(tmp_path: Path) -> None:
    first = load_secrets(tmp_path, {})
    file = tmp_path / ".newsletter/secrets.env"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert load_secrets(tmp_path, {}) == first
    assert (tmp_path / ".newsletter/.gitignore").read_text() == "*\n"


def test_the_environment_overrides_a_key_and_a_damaged_file_says_so(tmp_path: Path) -> None:
    load_secrets(tmp_path, {})
    other = load_secrets(tmp_path, {"NEWSLETTER_SUPPRESSION_KEY": "ab" * 32})
    assert other.address_keys.secret == bytes.fromhex("ab" * 32)
    (tmp_path / ".newsletter/secrets.env").write_text("NEWSLETTER_KEY_RING=1:zz\n")
    with pytest.raises(NewsletterError, match="damaged"):
        load_secrets(tmp_path, {})
