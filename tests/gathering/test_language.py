from __future__ import annotations

import pytest

from newsletter.errors import ProblemsFound
from newsletter.gathering.language import detector, settle

TEXTS = {
    "fr": "Les institutions de sécurité sociale préparent la réforme du calcul des pensions.",
    "de": "Die Träger der sozialen Sicherung bereiten die Reform der Rentenberechnung vor.",
    "es": "Las instituciones de seguridad social preparan la reforma del cálculo de las pensiones.",
    "en": "Social security institutions are preparing the reform of how pensions are calculated.",
    "ar": "تستعد مؤسسات الضمان الاجتماعي لإصلاح طريقة احتساب المعاشات التقاعدية.",
}


@pytest.mark.parametrize("language", TEXTS)
def test_each_language_of_the_workspace_is_detected(language: str) -> None:
    assert detector(TEXTS)(TEXTS[language]) == language


@pytest.mark.parametrize(
    "text",
    [
        "OECD, ILO, WHO",  # too short
        "As instituições de segurança social preparam a reforma do cálculo das pensões.",  # Portuguese is not ours
        "Le istituzioni di sicurezza sociale preparano la riforma del calcolo delle pensioni.",
        "12 345 678 — 2026/2027",
        f"{TEXTS['fr']} {TEXTS['de']} {TEXTS['en']}",
    ],
)
def test_in_doubt_nothing_is_detected(text: str) -> None:
    assert detector(TEXTS)(text) is None


def test_a_regional_tag_is_found_by_its_language() -> None:
    text = "As instituições de segurança social preparam a reforma do cálculo das pensões dos trabalhadores."
    assert detector(["en", "pt-BR"])(text) == "pt-BR"


def test_a_workspace_of_one_language() -> None:
    assert detector(["fr"])(TEXTS["fr"]) == "fr"
    assert detector(["fr"])(TEXTS["en"]) is None


def test_who_says_it_first_is_believed() -> None:
    say = {"stated": "fr", "named": "de", "usual": "es", "detect": lambda text: "en", "file": "a.md"}
    for name, expected in [("", "fr"), ("stated", "de"), ("named", "es"), ("usual", "en")]:
        say |= {name: None} if name else {}
        assert settle("x", **say) == expected  # type: ignore[arg-type]
    with pytest.raises(ProblemsFound, match=r"a\.md:1: The language of this text is not clear: name the file like"):
        settle("x", stated=None, named=None, usual=None, detect=lambda text: None, file="a.md")
