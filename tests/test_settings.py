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
    assert "newsletter.toml:1:1: public_ur is not known here: did you mean 'public_url'?" in told
    assert "newsletter.toml:5:1" in told
    assert "'host'" in told


MISTAKES = """\
approve_own = "maybe"
languages = "en"
[association]
name = {en = "A = {x", fr = 3}   # [not.a.table]
postal_address.en = '''
tls = "in a text"
'''
[transports.smtp]
kind = "smtp"
tls = "starttl"
prt = 5
port = 99999999
[transports."my box"]
kind = "outbx"
[people]
ana = {name = "Ana", roles = ["autor"], adress = "x"}
dkim.domain = 1
"""


def test_mistakes_are_plain_sentences_with_line_and_column_and_the_key_as_it_was_written(tmp_path: Path) -> None:
    with pytest.raises(ProblemsFound) as found:
        load_settings(write(tmp_path, MISTAKES), {})
    assert [str(each).removeprefix("newsletter.toml:") for each in found.value.problems] == [
        "1:1: approve_own must be true or false",
        "2:1: languages must be a list",
        "4:24: association.name.fr must be text; write it in quotes",
        "8:2: transports.smtp.host is missing",
        "10:1: transports.smtp.tls is 'starttl': did you mean 'starttls'?",
        "11:1: transports.smtp.prt is not known here: did you mean 'port'?",
        "12:1: transports.smtp.port must be at most 65535",
        "14:1: transports.my box.kind is 'outbx': did you mean 'outbox'?",
        "16:22: people.ana.roles.0 is 'autor': did you mean 'author'?",
        "16:41: people.ana.adress is not known here: did you mean 'address'?",
        "17:1: people.dkim.name is missing",
        "17:1: people.dkim.roles is missing",
        "17:1: people.dkim.domain is not known here: known: address, name, roles",
    ]


def test_a_mistake_of_the_environment_is_not_laid_to_the_file(tmp_path: Path) -> None:
    folder = write(tmp_path, "approve_own = true\n")
    with pytest.raises(ProblemsFound, match=r"^the environment: approve_own must be true or false$"):
        load_settings(folder, {"NEWSLETTER_APPROVE_OWN": "maybe"})


def test_what_is_no_toml_is_told_with_its_place(tmp_path: Path) -> None:
    with pytest.raises(ProblemsFound, match=r"^newsletter.toml:2:9: This is no TOML: "):
        load_settings(write(tmp_path, 'a = 1\nb = "c" d\n'), {})
    (tmp_path / "newsletter.toml").write_bytes(b'a = "\xe9"\n')
    with pytest.raises(ProblemsFound, match="save it as UTF-8"):
        load_settings(tmp_path, {})


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
