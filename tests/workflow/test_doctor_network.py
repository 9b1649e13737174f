"""What the doctor says of DNS and certificates, asked of a real name server and a real TLS server on this machine."""

from __future__ import annotations

import socket
import socketserver
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dns.message
import dns.rcode
import dns.rrset
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from dns.resolver import Resolver

from newsletter.settings import load_settings
from newsletter.workflow.upkeep.doctor_finding import Examined
from newsletter.workflow.upkeep.doctor_network import _certificate, examine_network
from newsletter.workflow.upkeep.init import lay_starter
from newsletter.workspace.documents import FolderDocuments

TOP = 'send_with = ["smtp"]\npublic_url = "http://news.association.int"\n'
SMTP = '\n[transports.smtp]\nkind = "smtp"\nhost = "127.0.0.1"\nport = 9\n'
DKIM = '\n[dkim]\ndomain = "association.int"\nselector = "n1"\n'


@contextmanager
def name_server(records: dict[tuple[str, str], list[str]]) -> Iterator[Resolver]:
    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            data, answering = self.request
            asked = dns.message.from_wire(data)
            question = asked.question[0]
            answer = dns.message.make_response(asked)
            kind = question.rdtype.name
            found = records.get((question.name.to_text(omit_final_dot=True), kind))
            if found:
                answer.answer.append(dns.rrset.from_text(question.name, 60, "IN", kind, *found))
            else:
                answer.set_rcode(dns.rcode.NXDOMAIN)
            answering.sendto(answer.to_wire(), self.client_address)

    with socketserver.ThreadingUDPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        resolver = Resolver(configure=False)
        resolver.nameservers, resolver.port = ["127.0.0.1"], server.server_address[1]
        yield resolver
        server.shutdown()


def examined(folder: Path, records: dict[tuple[str, str], list[str]], tables: str = SMTP) -> dict[str, Examined]:
    lay_starter(folder)
    toml = (folder / "newsletter.toml").read_text()
    lines = [line for line in toml.splitlines() if not line.startswith(("public_url", "send_with"))]
    (folder / "newsletter.toml").write_text(TOP + "\n".join(lines) + tables)
    campaign = folder / "campaigns/news/campaign.yaml"
    campaign.write_text(campaign.read_text().replace("@example.org", "@news.association.int"))
    with name_server(records) as resolver:
        found = examine_network(FolderDocuments(folder, print), load_settings(folder, {}), resolver)
        return {each.what.replace("news.association.int", "us"): each for each in found}


def test_a_domain_that_says_nothing_of_us_is_told_what_to_publish(tmp_path: Path) -> None:
    found = examined(tmp_path, {})
    assert {what: each.ok for what, each in found.items()} == {"SPF us": False, "DMARC us": False, "MX us": False}
    assert "v=spf1" in found["SPF us"].mend
    assert "_dmarc.news.association.int" in found["DMARC us"].mend


def test_a_domain_in_order(tmp_path: Path) -> None:
    records = {
        ("news.association.int", "TXT"): ['"google-site=1"', '"v=spf1 include:x.example" " -all"'],
        ("_dmarc.association.int", "TXT"): ['"v=DMARC1; p=none"'],
        ("news.association.int", "MX"): ["10 mail.association.int."],
    }
    found = examined(tmp_path, records)
    assert all(each.ok for each in found.values())
    assert found["SPF us"].found == "v=spf1 include:x.example -all"
    records["news.association.int", "TXT"].append('"v=spf1 -all"')
    assert "2 records" in examined(tmp_path / "again", records)["SPF us"].found


def test_the_published_key_must_be_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    key = rsa.generate_private_key(65537, 2048)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    monkeypatch.setenv("NEWSLETTER_DKIM_KEY", pem)
    tables = SMTP + DKIM.replace("association.int", "news.association.int")
    wanting = examined(tmp_path / "a", {}, tables)["DKIM n1._domainkey.us"]
    assert not wanting.ok
    record = wanting.mend.partition(": ")[2]
    halves = f'"{record[:200]}" "{record[200:]}"'
    published = {("n1._domainkey.news.association.int", "TXT"): [halves]}
    assert examined(tmp_path / "b", published, tables)["DKIM n1._domainkey.us"].ok


def test_where_nobody_answers_nothing_is_called_wrong(tmp_path: Path) -> None:
    examined(tmp_path / "a", {})
    nowhere = Resolver(configure=False)
    nowhere.nameservers, nowhere.port = ["127.0.0.1"], 1
    found = list(examine_network(FolderDocuments(tmp_path / "a", print), load_settings(tmp_path / "a", {}), nowhere))
    assert [(each.ok, "cannot be asked" in each.found) for each in found] == [(True, True)]


def test_a_workspace_that_only_rehearses_needs_no_dns(tmp_path: Path) -> None:
    lay_starter(tmp_path)
    assert list(examine_network(FolderDocuments(tmp_path, print), load_settings(tmp_path, {}))) == []


@pytest.mark.parametrize(("days", "ok"), [(90, True), (5, False), (-1, False)])
def test_a_certificate_is_trusted_long_enough(tmp_path: Path, days: int, ok: bool) -> None:
    file = _self_signed(tmp_path, days)
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(file)
    trusting = ssl.create_default_context(cafile=file)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        threading.Thread(target=_answer_once, args=(listening, serving), daemon=True).start()
        found = _certificate("localhost", listening.getsockname()[1], context=trusting)
    assert found.ok is ok, found
    assert found.mend == "" if ok else "enew" in found.mend


def _answer_once(listening: socket.socket, serving: ssl.SSLContext) -> None:
    plain, _ = listening.accept()
    try:
        serving.wrap_socket(plain, server_side=True).close()
    except OSError:
        plain.close()


def _self_signed(folder: Path, days: int) -> Path:
    key, name = (
        ec.generate_private_key(ec.SECP256R1()),
        x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")]),
    )
    ends = datetime.now(UTC) + timedelta(days=days)
    made = (
        x509.CertificateBuilder(
            name, name, key.public_key(), x509.random_serial_number(), ends - timedelta(days=99), ends
        )
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = folder / "server.pem"
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    file.write_bytes(private + made.public_bytes(Encoding.PEM))
    return file
