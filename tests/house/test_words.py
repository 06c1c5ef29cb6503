"""Every word on a page comes from the catalogue, and the catalogue speaks both languages whole."""

from __future__ import annotations

import ast
import gettext
import re
from pathlib import Path

from headway.evidence import replaying

PAGES = Path(__file__).resolve().parents[2] / "src" / "headway"
LOCALE = PAGES / "locale" / "es" / "LC_MESSAGES"
FORMS = re.compile(r"%\((\w+)\)[sd]")


def entries() -> dict[str, list[str]]:
    """Return the translations of each message of the readable catalogue, by its first form."""
    found: dict[str, list[str]] = {}
    for block in (LOCALE / "django.po").read_text(encoding="utf-8").split("\n\n"):
        lines = [line for line in block.splitlines() if line and not line.startswith("#")]
        texts: dict[str, str] = {}
        key = ""
        for line in lines:
            name, _, rest = line.partition(" ")
            if not line.startswith('"'):
                key, line = name, rest
            texts[key] = texts.get(key, "") + ast.literal_eval(line)
        if texts.get("msgid"):
            context = texts.get("msgctxt")
            own = f"{context}\x04{texts['msgid']}" if context else texts["msgid"]
            found[own] = [value for name, value in texts.items() if name.startswith("msgstr")]
            if "msgid_plural" in texts:
                found.setdefault(texts["msgid_plural"], found[own])
    return found


def said_in_code() -> set[str]:
    """Return the messages that Python files ask for by a literal."""
    found = set()
    for path in (PAGES / "pages").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Name)
                and node.func.id in ("_", "gettext", "ngettext")
            ):
                texts = node.args[: 2 if node.func.id == "ngettext" else 1]
                found |= {
                    one.value for one in texts if isinstance(one, ast.Constant) and isinstance(one.value, str)
                }
    return found


def said_in_pages() -> set[str]:
    """Return the messages that templates ask for: a tag asks for its text with every sign of percent doubled."""
    found = set()
    for path in (PAGES / "pages").rglob("*.html"):
        text = path.read_text(encoding="utf-8")
        for single, double in re.findall(
            r"{%\s*translate\s+(?:'((?:[^'\\]|\\.)*)'|\"((?:[^\"\\]|\\.)*)\")\s*(?:as \w+\s*)?%}", text
        ):
            found.add((single or double).replace("%", "%%"))
        # What a filter falls back on: `default:_("the district")`.
        found |= {one.replace("%", "%%") for one in re.findall(r':_\("([^"]+)"\)', text)}
        for body in re.findall(r"{%\s*blocktranslate[^%]*%}(.*?){%\s*endblocktranslate\s*%}", text, re.S):
            for part in re.split(r"{%\s*plural\s*%}", body):
                found.add(re.sub(r"{{\s*(\w+)\s*}}", r"%(\1)s", part.replace("%", "%%")))
    return found


def test_every_message_of_the_pages_is_in_the_spanish_catalogue() -> None:
    known = entries()
    asked = said_in_code() | said_in_pages()
    assert len(asked) > 500
    assert sorted(text for text in asked if text and text not in known) == []


def test_every_metric_and_report_is_said_in_spanish() -> None:
    from headway.analytics.queries import METRICS
    from headway.reports.queries import REPORTS

    known = entries()
    asked = [text for one in METRICS.values() for text in (one.title, one.says, one.formula, one.fails)]
    asked += [text for one in REPORTS.values() for text in (one.title, one.question)]
    assert sorted(text for text in asked if text not in known) == []
    # Two measures stand side by side as tabs and check boxes: no two of them share a name.
    titles = [known[one.title][0] for one in METRICS.values()]
    assert sorted({one for one in titles if titles.count(one) > 1}) == []


def test_no_message_is_left_empty_and_no_placeholder_is_lost() -> None:
    faults = []
    for text, translations in entries().items():
        for translation in translations:
            if not translation:
                faults.append(f"empty: {text}")
            elif set(FORMS.findall(translation)) - set(FORMS.findall(text)) - {"n"}:
                faults.append(f"another placeholder: {text} → {translation}")
    assert faults == []


ONE_WORD_EACH = (
    (r"\bratings?\b|\brated?\b", r"\bevalu(?!ador)|\bcalificaci(?!ón(es)? de libro)", "valoración, valorar"),
    (r"\bteachers?\b", r"\bmaestr[ao]|\bprofesor", "docente"),
    (r"\badvisors?\b", r"\basesor", "tutor o tutora"),
    (r"\bguardians?\b", r"\btutor(es)?\b(?! del estudiante)", "responsable"),
    (r"\btargets?\b", r"\bmetas?\b", "objetivo"),
    (r"\breport cards?\b", r"\btarjetas?\b|\blibretas?\b", "boletín"),
    (r"\blifelong\b", r"\bpara la vida\b", "para toda la vida"),
    (r"\bgrowth\b", r"\bavances?\b|\bprogreso\b", "crecimiento"),
    (r"\bprogress\b", r"\bavances?\b|\bcrecimiento\b", "progreso"),
    (r".", r"[“”]", "« »"),
)
"""What a term of the field may not be called in Spanish, and what it is called."""
OTHERWISE = {
    "Marks for a gradebook", "Only a goal names a target, and it is one of a continuum.",
    "What is written here is read by this guardian and by the student’s teachers and advisors.",
}  # fmt: skip


def test_a_term_has_one_spanish_word() -> None:
    faults = [
        f"{text} → {said} ({one})"
        for text, translations in entries().items() if text not in OTHERWISE
        for said in translations
        for term, wrong, one in ONE_WORD_EACH
        if re.search(term, text, re.I) and re.search(wrong, said, re.I)
    ]  # fmt: skip
    assert faults == []


def test_the_compiled_catalogue_is_that_of_the_readable_one() -> None:
    with (LOCALE / "django.mo").open("rb") as file:
        compiled = gettext.GNUTranslations(file)
    different = [
        text
        for text, said in entries().items()
        if len(said) == 1 and compiled.gettext(text) not in (said[0], text)
    ]
    missing = [text for text, said in entries().items() if len(said) == 1 and compiled.gettext(text) == text and said[0] != text
               and compiled.ngettext(text, text, 1) == text and "%(n)s" not in text]  # fmt: skip
    assert (different, missing) == ([], [])


def test_every_act_and_kind_of_the_ledger_is_said_in_words() -> None:
    """The page of the ledger names each act and each kind of event; a code on it would be English in both languages."""
    page = (PAGES / "pages" / "district" / "ledger.py").read_text(encoding="utf-8")
    written = set(replaying.KINDS)
    for path in PAGES.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            name = (
                getattr(node.func, "id", getattr(node.func, "attr", "")) if isinstance(node, ast.Call) else ""
            )
            if name in ("record_act", "record_event", "record_events"):
                written |= {
                    word.value.value
                    for word in node.keywords
                    if word.arg in ("act", "kind") and isinstance(word.value, ast.Constant)
                }
    assert len(written) > 60
    assert sorted(word for word in written if f'"{word}":' not in page) == []


def test_every_kind_of_background_work_is_said_in_words() -> None:
    import headway.project.working  # noqa: F401  registers every kind
    from headway.jobs import actions as jobs
    from headway.pages.district.sending import kind_words

    assert len(jobs._KINDS) >= 5
    known = entries()
    assert sorted(kind for kind in jobs._KINDS if kind_words(kind) not in known) == []
