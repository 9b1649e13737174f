"""Programs whose documents are in the database: no folder, several machines, nobody's work lost."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from newsletter.app import Workspace, open_workspace
from newsletter.cli import main
from newsletter.clock import FixedClock
from newsletter.errors import UsageError
from newsletter.settings import KEYS
from newsletter.workflow.results.status import status_of
from newsletter.workflow.sending.launch import launch
from newsletter.workflow.sending.plan import plan_send
from newsletter.workflow.upkeep import doctor
from newsletter.workflow.upkeep.backup import back_up, restore
from newsletter.workflow.upkeep.exchange import exchange, pull, push
from newsletter.workspace.database import DatabaseDocuments
from newsletter.workspace.documents import Write
from tests.fakes.smtp import FakeSmtp
from tests.servers import PostgresServer
from tests.web.desk import client, csrf, post
from tests.workflow.office import ISSUE, approved, carry, lay, office
from tests.workflow.test_real_send import mail_server, smtp

DRAFT = f"campaigns/{ISSUE}.yaml"
CONTENT = f"/issues/{ISSUE}/content"
ITEM = f"{CONTENT}/items/i1"
POSTGRESQL = pytest.param("postgresql", marks=pytest.mark.postgresql)
BOTH = pytest.mark.parametrize("url", ["sqlite", POSTGRESQL], indirect=True)

Environment = dict[str, str]


@pytest.fixture
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if getattr(request, "param", "sqlite") == "sqlite":
        (tmp_path / "data").mkdir()
        return f"sqlite:///{tmp_path / 'data/news.sqlite'}"
    server: PostgresServer = request.getfixturevalue("postgres")
    return server.new_database()


@pytest.fixture
def server() -> Iterator[FakeSmtp]:
    with mail_server() as running:
        yield running


@pytest.fixture
def env(url: str, server: FakeSmtp, tmp_path: Path, clock: FixedClock) -> Environment:
    """What a program is told that has no folder; the documents and contacts of an office are in its database."""
    folder = lay(tmp_path / "laptop", **smtp(server.port))
    with office(folder, clock, {"DATABASE_URL": url}) as ws:
        push(exchange(folder, ws.context.engine, clock), ws.context.person(None))
    lines = (folder / ".newsletter/secrets.env").read_text().splitlines()
    keys = dict(line.split("=", 1) for line in lines if line.startswith(KEYS))
    return {"DATABASE_URL": url, "NEWSLETTER_DOCUMENTS": "database", **keys}


@pytest.fixture
def nowhere(tmp_path: Path) -> Path:
    return tmp_path / "not/there"


@contextmanager
def opened(env: Environment, nowhere: Path, clock: FixedClock) -> Iterator[Workspace]:
    with open_workspace(nowhere, clock=clock, environment=env) as ws:
        yield ws
    assert not nowhere.parent.exists(), "no folder is needed, and none is made"


@BOTH
def test_without_a_folder_an_issue_is_gathered_approved_and_sent(
    env: Environment, nowhere: Path, clock: FixedClock, server: FakeSmtp, tmp_path: Path
) -> None:
    with opened(env, nowhere, clock) as ws, written_files() as written:
        assert ws.context.settings.documents == "database"
        ws.gather("news", key="2027-01", person="ana")
        assert ws.context.documents.exists("campaigns/news/2027-01.yaml")
        approved(ws)
        assert "accepted 3" in carry(ws, rehearse=False)
    assert len(server.accepted) == 3
    assert {Path(file).name for file in written} <= {
        f"news.sqlite{each}" for each in (".documents", ".dispatch", ".launch")
    }
    assert bool(written) == env["DATABASE_URL"].startswith("sqlite")
    done = pull(exchange(tmp_path / "laptop", ws.context.engine, clock))
    assert done.written == ["campaigns/news/2027-01.yaml"]


@contextmanager
def written_files() -> Iterator[list[str]]:
    """Files that this process opens for writing."""
    found: list[str] = []
    on = [True]

    def hook(event: str, arguments: tuple[object, ...]) -> None:
        if event == "open" and on and isinstance(arguments[0], str | bytes):
            flags = arguments[2] if isinstance(arguments[2], int) else 0
            if flags & (os.O_WRONLY | os.O_RDWR) and os.fsdecode(arguments[0]) != os.devnull:
                found.append(os.fsdecode(arguments[0]))

    sys.addaudithook(hook)  # for good: it is only silenced
    try:
        yield found
    finally:
        on.clear()


def save(browser: object, title: str, page: str = "") -> object:
    page = page or browser.get(f"{ITEM}?language=en").text  # type: ignore[attr-defined]
    told = dict(re.findall(r'type="hidden" name="(language|made_from)" value="([^"]*)"', page))
    data = {"csrf": csrf(page), **told, "title": title, "summary": "Sum", "body": "Text"}
    return browser.post(ITEM, data=data)  # type: ignore[attr-defined]


@BOTH
def test_at_the_studios_of_two_servers_nobody_overwrites_anybody(
    env: Environment, nowhere: Path, clock: FixedClock
) -> None:
    with opened(env, nowhere, clock) as one, opened(env, nowhere, clock) as two:
        ana, luc = client(one, "ana"), client(two, "luc")
        old = luc.get(f"{ITEM}?language=en").text
        stamp = luc.get(f"/issues/{ISSUE}/preview/stamp").text
        assert save(ana, "Hers").status_code == 303  # type: ignore[attr-defined]
        assert luc.get(f"/issues/{ISSUE}/preview/stamp").text != stamp
        late = save(luc, "His", old)
        assert late.status_code == 409  # type: ignore[attr-defined]
        assert "Hers" in late.text  # type: ignore[attr-defined]
        assert 'value="His"' in late.text  # type: ignore[attr-defined]
        assert post(luc, f"{ITEM}/state", {"state": "out"}).status_code == 303
        page = ana.get(f"{ITEM}?language=en").text
        assert 'value="Hers"' in page
        (item,) = one.context.now().draft("news", "2026-12").items()
        assert (item.state, item.edits["en"].title) == ("out", "Hers")
        assert "Brought from a folder" in ana.get(f"{CONTENT}/history").text


@pytest.mark.postgresql
@pytest.mark.parametrize("url", ["postgresql"], indirect=True)
def test_of_two_servers_that_save_at_once_both_saves_stand(env: Environment, nowhere: Path, clock: FixedClock) -> None:
    env = {**env, "NEWSLETTER_LANGUAGES": "en,fr"}
    with opened(env, nowhere, clock) as one, opened(env, nowhere, clock) as two:
        answers: list[int] = []

        def add(ws: Workspace, who: str, language: str) -> None:
            browser = client(ws, who)
            page = browser.get(f"{ITEM}?language={language}").text
            told = dict(re.findall(r'type="hidden" name="(language|made_from)" value="([^"]*)"', page))
            for number in range(5):
                data = {"csrf": csrf(page), **told, "title": f"{language} {number}", "summary": "", "body": "Text"}
                answer = browser.post(ITEM, data=data, headers={"accept": "application/json"})
                assert answer.status_code == 200, answer.text
                told["made_from"] = answer.json()["made_from"]
                answers.append(answer.status_code)

        threads = [threading.Thread(target=add, args=each) for each in ((one, "ana", "en"), (two, "luc", "fr"))]
        for each in threads:
            each.start()
        for each in threads:
            each.join()
        assert answers == [200] * 10
        (item,) = one.context.now().draft("news", "2026-12").items()
        assert (item.edits["en"].title, item.edits["fr"].title) == ("en 4", "fr 4")


def test_a_step_that_has_read_what_others_have_changed_since_is_told_so(
    env: Environment, nowhere: Path, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    with opened(env, nowhere, clock) as ws:
        person, apply = ws.context.person(None).id, DatabaseDocuments.apply

        def too_late(self: DatabaseDocuments, write: Write, person_id: int) -> None:
            text = self.now().text(write.path)
            apply(self.now(), Write(write.path, "by hand", f"{text}# theirs\n".encode()), person)
            apply(self, write, person_id)

        browser = client(ws, "ana")
        page = browser.get(CONTENT).text
        monkeypatch.setattr(DatabaseDocuments, "apply", too_late)
        answer = browser.post(f"{ITEM}/state", data={"csrf": csrf(page), "state": "out"})
        assert answer.status_code == 409
        assert f"{DRAFT} was changed by somebody else meanwhile" in answer.text
        text = ws.context.now().documents.text(DRAFT)
        assert "# theirs" in text
        assert "state: out" not in text


@BOTH
def test_a_worker_with_a_folder_that_only_reads_sends_while_the_studio_saves(
    env: Environment, nowhere: Path, server: FakeSmtp, tmp_path: Path
) -> None:
    clock = FixedClock(datetime.now(UTC))
    bare = tmp_path / "bare"
    bare.mkdir(mode=0o555)
    with opened(env, nowhere, clock) as ws, working(bare, env) as worker:
        approved(ws)
        launch(ws.context, plan_send(ws.context, ws.issue(ISSUE)), ws.context.person("luc"))
        worker.send_signal(signal.SIGUSR1)
        article = {"campaign": "news", "language": "en", "title": "Meanwhile", "body": "Written while it is sent."}
        assert post(client(ws, "ana"), "/articles/new", article).status_code == 303
        ends = time.monotonic() + 60
        while status_of(ws.context, ws.issue(ISSUE)).runs[0].state != "done":
            assert worker.poll() is None
            assert time.monotonic() < ends
            time.sleep(0.05)
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(60) == 0
        assert "while it is sent" in ws.context.now().documents.text("campaigns/news/articles/meanwhile.en.md")
    assert len(server.accepted) == 3
    assert list(bare.iterdir()) == []


@contextmanager
def working(folder: Path, env: Environment) -> Iterator[subprocess.Popen[str]]:
    """`newsletter worker`, which looks for work when it is told SIGUSR1 to, and not only twice a minute."""
    told = (
        "import signal, newsletter.schedule as s\n"
        "start = s.Waking.start\n"
        "def started(self):\n"
        "    signal.signal(signal.SIGUSR1, lambda *_: self.scheduler.add_job(self.wake))\n"
        "    start(self)\n"
        "s.Waking.start = started\n"
        "from newsletter.cli import main; main()"
    )
    environment = {"PATH": os.environ["PATH"], "PYTHONUNBUFFERED": "1", **env}
    everything = env["DATABASE_URL"].startswith("postgresql")
    program = [*read_only(Path("/") if everything else folder), sys.executable, "-c", told, "worker"]
    worker = subprocess.Popen(program, cwd=folder, env=environment, stdout=subprocess.PIPE, text=True)
    try:
        assert worker.stdout is not None
        while "Keeping the schedule" not in (line := worker.stdout.readline()):
            assert line, "it ended before it kept anything"
        yield worker
    finally:
        worker.kill()
        worker.wait()


def read_only(folder: Path) -> list[str]:
    """Runs what follows where nothing can be written below a folder, by root either; nothing, where that takes more
    rights than there are: then the folder's own mode must do."""
    mounted = 'at=$1; shift; mount --bind "$at" "$at" && mount -o remount,ro,bind "$at" && cd "$PWD" && exec "$@"'
    found = ["unshare", "--mount", "sh", "-c", mounted, "sh", str(folder)]
    done = subprocess.run([*found, "true"], capture_output=True, check=False) if shutil.which("unshare") else None
    return found if done is not None and done.returncode == 0 else []


# Opening


def test_the_folder_itself_may_say_that_its_documents_are_in_the_database(
    env: Environment, url: str, tmp_path: Path, clock: FixedClock
) -> None:
    laptop = tmp_path / "laptop"
    settings = (laptop / "newsletter.toml").read_text()
    (laptop / "newsletter.toml").write_text(f'database = "{url}"\ndocuments = "database"\n{settings}')
    (laptop / DRAFT).write_text("nonsense")
    with open_workspace(laptop, clock=clock, environment={}) as ws:
        assert ws.context.settings.documents == "database"
        assert ws.context.draft("news", "2026-12").items()
    with open_workspace(laptop, clock=clock, environment={"NEWSLETTER_DOCUMENTS": "folder"}) as ws:
        assert ws.context.documents.text(DRAFT) == "nonsense"


def test_what_is_lacking_is_one_sentence(tmp_path: Path, clock: FixedClock, nowhere: Path) -> None:
    empty = f"sqlite:///{tmp_path / 'empty.sqlite'}"
    for told, words in (
        ({"NEWSLETTER_DOCUMENTS": "cloud"}, "folder or database, not 'cloud'"),
        ({"NEWSLETTER_DOCUMENTS": "database"}, "DATABASE_URL"),
        ({"NEWSLETTER_DOCUMENTS": "database", "DATABASE_URL": empty}, "newsletter push"),
        ({"DATABASE_URL": empty}, "no workspace"),
    ):
        with pytest.raises(UsageError, match=words):
            open_workspace(nowhere, clock=clock, environment=told)


def test_keys_of_the_environment_are_enough_at_a_first_run_too(
    env: Environment, tmp_path: Path, clock: FixedClock
) -> None:
    folder = lay(tmp_path / "second")
    told = {name: value for name, value in env.items() if name in KEYS}
    open_workspace(folder, clock=clock, environment=told).close()
    assert not (folder / ".newsletter/secrets.env").exists()


def test_the_doctor_looks_at_the_documents_where_they_are(
    env: Environment, nowhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    found = {each.what: each for each in doctor.examine(nowhere)}
    assert found["documents"].ok
    assert re.fullmatch(r"\d\d in the database", found["documents"].found)
    assert found["database"].ok
    assert found["keys"].ok
    assert "DNS" in " ".join(found) or "SPF" in " ".join(found) or found["settings"].ok
    monkeypatch.setenv("DATABASE_URL", "postgresql://nobody@127.0.0.1:1/none")
    (only,) = doctor.examine(nowhere)
    assert only.found.startswith("The database cannot be used")


def test_a_backup_holds_the_documents_as_files_too(
    env: Environment, nowhere: Path, clock: FixedClock, tmp_path: Path
) -> None:
    with opened(env, nowhere, clock) as ws:
        written = {path: ws.context.documents.read(path) for path in ws.context.documents.list("**")}
        back_up(ws.context, tmp_path / "monday.tar.gz")
    restore(tmp_path / "monday.tar.gz", tmp_path / "back")
    keys = {name: value for name, value in env.items() if name in KEYS}
    with open_workspace(tmp_path / "back", clock=clock, environment=keys) as ws:
        assert ws.context.settings.documents == "folder"
        assert {path: ws.context.documents.read(path) for path in written} == written
        assert ws.issues()


def test_commands_bring_documents_there_and_back(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lay(tmp_path / "ws")
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATABASE_URL", url)

    def run(*arguments: str) -> tuple[object, str, str]:
        monkeypatch.setattr(sys, "argv", ["newsletter", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        said = capsys.readouterr()
        return ended.value.code, said.out, said.err

    code, _, told = run("push", "--workspace", "ws", "--as", "luc")
    assert code == 1
    assert "Luc may not change settings here" in told
    code, pushed, told = run("push", "--workspace", "ws")
    assert code == 0, told
    assert "documents written, 0 removed" in pushed
    assert "subscribers/contacts.csv" in told
    assert run("pull", "--workspace", "empty")[1] == pushed.replace("Pushed", "Pulled")
    (tmp_path / "empty" / "newsletter.toml").write_text("")
    (tmp_path / "ws" / "newsletter.toml").write_text('public_url = "https://a.example"\n')
    assert run("push", "newsletter.toml", "--workspace", "ws")[0] == 0
    code, _, told = run("pull", "--workspace", "empty")
    assert code == 1
    assert "have changed newsletter.toml since" in told
