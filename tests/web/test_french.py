"""A French colleague meets no English: on the pages, in what they answer, in errors, and in mail about the work."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from email import message_from_bytes, policy
from pathlib import Path

import lxml.html
import pytest

from newsletter.app import Workspace
from newsletter.clock import FixedClock
from newsletter.errors import NewsletterError, nearest
from newsletter.i18n import Listed, Moment, Number, Tongue, say
from newsletter.loading import load_yaml
from newsletter.model.approval import check_approver, in_words
from newsletter.model.campaign import Campaign
from newsletter.model.issue import IssueState, Step, after
from newsletter.model.permission import Action, require
from newsletter.model.recurrence import moment
from newsletter.rendering.service import Renderer
from newsletter.store import people
from newsletter.store.engine import writing
from newsletter.web.recalled import recalled
from newsletter.web.views import said
from newsletter.workflow.drafts import drafting
from newsletter.workflow.results.progress import advice
from newsletter.workflow.scheduling import launching
from tests.gathering.test_images import drawing, saved
from tests.rendering.making import manuscript
from tests.web.desk import client, csrf, post
from tests.workflow.office import ISSUE, approved, carry, lay, office

AT = f"/issues/{ISSUE}"
HALL = "/articles/news/hall"
PAGES = (
    *(HALL, f"{HALL}/en/edit", f"{HALL}/picture", f"{HALL}/picture/choose", f"{HALL}/picture/crop"),
    *("/", "/issues", "/articles", "/articles/new", "/articles/news/counter", "/who", "/account", "/no-such-page"),
    *(AT, f"{AT}/content", f"{AT}/content/subjects", f"{AT}/content/history", f"{AT}/content/items/i1"),
    *(f"{AT}/preview", f"{AT}/checks?run=1", f"{AT}/recipients", f"{AT}/approval", f"{AT}/schedule", f"{AT}/progress"),
)
ENGLISH = re.compile(r"\b(the|is|are|was|of|not|and|with|to|by|for|it|this|that|nobody|sent|who|from|your|has|have)\b")
ROSA = '\n[people.rosa]\nname = "Rosa"\naddress = "rosa@example.org"\nroles = ["reader"]\n'


@pytest.fixture(scope="module")
def ws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    folder = lay(tmp_path_factory.mktemp("french") / "ws", tables=ROSA)
    (folder / "campaigns/news/pictures").mkdir()
    (folder / "campaigns/news/pictures/hall.png").write_bytes(saved(drawing(300, 200)))
    (folder / "campaigns/news/articles/hall.en.md").write_text(
        "---\ntitle: Une salle\npicture: {file: pictures/hall.png}\nevent: {start: 2026-12-05}\n---\nElle est là.\n"
    )
    with office(folder, FixedClock(datetime(2026, 11, 24, 10, 0, tzinfo=UTC))) as opened:
        approved(opened)
        carry(opened)
        speaks_french(opened, "ana", "luc", "rosa")
        yield opened


def speaks_french(ws: Workspace, *names: str) -> None:
    with writing(ws.context.engine) as connection:
        for name in names:
            people.change(connection, ws.context.person(name).id, language="fr")


def words_of(page: str) -> Iterator[str]:
    """What a page itself says: not what articles, names and files say, which is marked as such."""
    for element in lxml.html.fromstring(page).iter():
        above = [element, *element.iterancestors()]
        if not isinstance(element.tag, str) or any(foreign(each) for each in above):
            continue
        texts = [element.text, *(each.tail for each in element), *map(element.get, ("title", "aria-label", "alt"))]
        yield from (" ".join(each.split()) for each in texts if each and each.strip())


def foreign(element: lxml.html.HtmlElement) -> bool:
    other = element.tag != "html" and element.get("lang") is not None
    return other or element.tag in ("bdi", "code", "pre", "details", "textarea", "script", "style", "option", "title")


def test_every_page_speaks_french(ws: Workspace) -> None:
    browser, names = client(ws, "ana"), {each.title for each in titles(ws)}
    for page in PAGES:
        answer = browser.get(page)
        assert '<html lang="fr"' in answer.text, page
        left = [text for text in words_of(answer.text) if ENGLISH.search(text) and not any(n in text for n in names)]
        assert left == [], page


def titles(ws: Workspace) -> list[Campaign]:
    return [ws.context.campaign(name) for name in ws.context.campaigns]


ANSWERS = [
    ("/account/password", {"old": "x", "new": "y"}, "Un mot de passe compte au moins"),
    ("/articles/new", {"campaign": "news"}, "Saisissez un titre et choisissez une langue."),
    (f"{AT}/progress/settle", {"run": 1, "decision": "resend"}, "Cochez au moins un message."),
    (f"{AT}/schedule/plan", {"when": "2020-01-01T09:00"}, "est passé : indiquez un moment à venir"),
    (f"{AT}/approval/comment", {"text": ""}, "Écrivez ce que vous voulez dire, en"),
    ("/issues", {}, "Il manque quelque chose au formulaire"),
    ("/issues/news/2031-01", None, "Il n’y a pas de numéro news/2031-01"),
    ("/sign-out", None, "Cette adresse n’accepte pas une telle demande"),
]


@pytest.mark.parametrize(("url", "form", "french"), ANSWERS, ids=[each[0] for each in ANSWERS])
def test_what_goes_wrong_is_said_in_french(
    ws: Workspace, url: str, form: dict[str, object] | None, french: str
) -> None:
    browser = client(ws, "luc" if "settle" in url else "ana")
    answer = browser.get(url) if form is None else post(browser, url, form)
    assert answer.status_code >= 400
    assert french in plain(answer.text)


def test_what_is_too_large_is_refused_in_french(ws: Workspace) -> None:
    large = {"content-length": "99999999", "content-type": "application/x-www-form-urlencoded"}
    answer = client(ws, "ana").post("/articles/upload", content=b"x", headers=large)
    assert answer.status_code == 413
    assert "C’est trop volumineux : 26 Mo au plus." in plain(answer.text)


def test_what_cannot_be_read_is_refused_in_french(ws: Workspace) -> None:
    answer = client(ws, "ana").post("/articles/upload", content=b"x", headers={"content-type": "multipart/form-data"})
    assert answer.status_code == 400
    assert "Ce que le navigateur a envoyé est illisible" in plain(answer.text)


def plain(page: str) -> str:
    return html.unescape(page).replace("\u202f", " ").replace("\u00a0", " ")


def test_who_may_not_is_told_so_in_french(ws: Workspace) -> None:
    text = plain(post(client(ws, "rosa"), f"{AT}/approval/request").text)
    assert "Rosa n’a pas le droit de modifier les numéros ici : il faut le rôle" in text
    assert "administrateur, validateur ou rédacteur" in text or "administrateur, rédacteur ou validateur" in text


def raised(call: object, *values: object, **more: object) -> str:
    assert callable(call)
    with pytest.raises(NewsletterError) as caught:
        call(*values, **more)
    return plain(str(said("fr", caught.value)))


def test_errors_of_every_layer_are_said_in_french(ws: Workspace) -> None:
    ana, issue = ws.context.person("ana"), ws.issue(ISSUE)
    assert raised(after, IssueState.SENT, Step.APPROVE).startswith("Un numéro à l’état « envoyé » ne permet pas de")
    assert raised(check_approver, 1, 1, approve_own=False).startswith("Vous avez modifié ce numéro en dernier")
    assert raised(moment, "tomorrow").startswith("« tomorrow » n’est pas une date et heure locales")
    assert raised(require, "Ana", ["author"], Action.CONFIGURE).startswith("Ana n’a pas le droit de modifier")
    assert raised(load_yaml, "titel: x", "a.yaml", Campaign).startswith("a.yaml:")
    assert "n’est pas connu ici : vouliez-vous dire « title » ?" in raised(load_yaml, "titel: x", "a.yaml", Campaign)
    assert raised(drafting.undo, ws.context, issue, 99, ana).startswith("Quelqu’un a modifié le numéro depuis")
    assert raised(launching.send_now, ws.context, issue, ana).startswith("Ana n’a pas le droit de valider ou envoyer")
    assert raised(ws.context.campaign, "nwes") == "Il n’y a pas de campagne « nwes » : vouliez-vous dire « news » ?"
    assert said("fr", advice("unconfirmed", "")).startswith("Nul ne sait")


def test_what_the_database_keeps_in_english_is_read_in_french() -> None:
    kept = {
        "gave up after 3 tries, last reply: 451 Later": "abandonné après 3 essais, dernière réponse : 451 Later",
        "cancelled: cancelled by Luc": "annulé : annulé par Luc",
        "nobody was there within 6 hours: newsletter gather or send, if it is still wanted": (
            "personne n’était là pendant 6 heures : newsletter gather ou send, si c’est encore voulu"
        ),
        "Planned for 2026-12-01 09:00 (Europe/Zurich), and not approved by then.": (
            "Prévu pour mar. 1 déc. 2026, 09:00 Europe/Zurich (UTC+01:00), et non validé à temps."
        ),
        "550 5.1.1 No such user": "550 5.1.1 No such user",
    }
    assert {text: plain(str(said("fr", recalled(text)))) for text in kept} == kept
    assert all(recalled(text) == text for text in kept)


@pytest.mark.parametrize(
    "words",
    [
        "not sent: 2026-13-45 99:99 (UTC)",
        "cancelled: 2026-12-01 09:00 (Nowhere)",
        "cancelled: 2026-12-01 09:00 (Europe)",
        "gave up after ² tries",
        "cancelled by 007",
    ],
)
def test_what_only_looks_like_a_time_or_a_number_stays_as_somebody_wrote_it(words: str) -> None:
    assert said("en", recalled(words)) == words
    assert words.partition(" ")[2].partition(" ")[2] in said("fr", recalled(words))


def test_values_are_written_as_the_reader_writes_them() -> None:
    sentence = say("%(issue)s: %(person)s %(words)s", issue=Number(1234), person=Tongue("de"), words="x")
    assert sentence == "1,234: de x"
    assert plain(str(said("fr", sentence))) == "1 234 : allemand x"
    when = say("%(name)s is missing", name=Moment(moment("2026-12-01 09:00"), "Europe/Zurich"))
    assert when == "2026-12-01 09:00 (Europe/Zurich) is missing"
    assert said("fr", when) == "mar. 1 déc. 2026, 09:00 Europe/Zurich (UTC+01:00) manque"
    both = say("Noted. It still lacks %(missing)s.", missing=Listed([in_words(None), in_words("es")], "and"))
    assert both == "Noted. It still lacks an approval of the edition and a sign-off of es."
    assert plain(str(said("fr", both))) == (
        "C’est noté. Il manque encore : une validation de l’édition et une validation (espagnol)."
    )
    assert said("fr", nearest("x", ["a", "b"])) == "connus\u00a0: a, b"


def test_mail_to_colleagues_is_in_their_language(tmp_path: Path, clock: FixedClock) -> None:
    folder = lay(tmp_path / "ws", tables="")
    toml = folder / "newsletter.toml"
    toml.write_text(toml.read_text().replace('name = "Luc"', 'name = "Luc"\naddress = "luc@example.org"'))
    with office(folder, clock) as ws:
        speaks_french(ws, "luc")
        post(client(ws, "ana"), f"{AT}/approval/request")
        luc = client(ws, "luc")
        seen = re.search(r'name="version" value="([0-9a-f]{64})"', luc.get(f"{AT}/approval").text)
        post(luc, f"{AT}/approval/approve", {"version": seen and seen[1]})
        mails = [message_from_bytes(f.read_bytes(), policy=policy.default) for f in folder.glob("outbox/new/*")]
        found = {str(mail["to"]): mail for mail in mails}
    to_luc, to_ana = found["Luc <luc@example.org>"], found["Ana <ana@example.org>"]
    assert to_luc["subject"].startswith("À valider\u00a0: ")
    assert to_luc["content-language"] == "fr"
    assert "Ana demande la validation de" in to_luc.get_body(("plain",)).get_content()
    assert to_ana["subject"].endswith("Luc approved it")


def test_who_is_not_signed_in_is_told_why_in_the_language_of_the_browser(ws: Workspace) -> None:
    french = {"accept-language": "fr", "sec-fetch-site": "same-origin"}
    answer = client(ws).post("/sign-in", data={"who": "ana", "password": "not hers"}, headers=french)
    assert answer.status_code == 422
    assert [text for text in words_of(answer.text) if ENGLISH.search(text)] == []


def test_a_file_that_cannot_be_read_is_refused_in_french(ws: Workspace) -> None:
    browser = client(ws, "ana")
    token = {"x-csrf": csrf(browser.get("/account").text)}
    file = {"file": ("x.md", b"---\ntitel: x\n---\ny")}
    answer = browser.post("/articles/upload", data={"campaign": "news"}, files=file, headers=token)
    assert answer.status_code == 422
    assert "titel n’est pas connu ici : vouliez-vous dire « title » ?" in plain(answer.text)


WRONG = {
    "{{ contact.frist_name }}": "Il n’y a pas de champ « contact.frist_name » : vouliez-vous dire",
    "{% if contact.first_name %}": "Fin inattendue du modèle. Jinja attendait l’une de ces balises",
    "{{ contact.first_name | upper( }}": "'}' inattendu, ')' était attendu",
    "{{ contact.first_name | nothing }}": "Il n’y a pas de filtre 'nothing'.",
    "{{ contact.first_name[:2] }}": "une valeur du destinataire ne peut pas être coupée avec [:]",
    "{{ nothing }}": "'nothing' n’est pas défini",
    "<mj-txt></mj-txt>": "<mj-txt> n’est pas un composant MJML ; vouliez-vous dire « mj-text » ?",
    '<mj-text padding="3%x">x</mj-text>': "n’est pas une à quatre tailles telles que 10px 25px",
    "<mj-text><b class={{ contact.first_name }}>x</b></mj-text>": "demande des guillemets dans l’attribut « class »",
}


@pytest.fixture(scope="module")
def renderer() -> Iterator[Renderer]:
    with Renderer() as made:
        yield made


@pytest.mark.parametrize(("written", "french"), WRONG.items(), ids=list(WRONG))
def test_what_a_template_does_wrong_is_said_in_french(renderer: Renderer, written: str, french: str) -> None:
    """Though the process that renders it knows no language."""
    around = "<mjml><mj-body><mj-section><mj-column>{}</mj-column></mj-section></mj-body></mjml>"
    text = raised(renderer.compile, manuscript(around.format(written)), ())
    assert french in text
    assert ENGLISH.search(text.partition(": ")[2]) is None


def test_a_draft_that_cannot_be_read_is_said_in_french(tmp_path: Path, clock: FixedClock) -> None:
    with office(lay(tmp_path / "ws"), clock) as ws:
        speaks_french(ws, "ana")
        (ws.context.folder / "campaigns/news/2026-12.yaml").write_text("sections: [\n")
        text = plain(client(ws, "ana").get(AT).text)
    assert "Ce n’est pas du YAML : un contenu était attendu" in text
