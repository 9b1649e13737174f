"""What libraries say of a file or template that somebody wrote, so far as people meet it; the rest stays English."""

from __future__ import annotations

from newsletter.i18n import Said, say
from newsletter.recalling import recalling

SENTENCES = (
    # Jinja
    say("%(name)s is undefined"),
    say("%(object)s has no attribute %(name)s"),
    say("%(object)s has no element %(name)s"),
    say("expected token %(wanted)s, got %(found)s"),
    say("unexpected end of template, expected %(wanted)s."),
    say("unexpected %(found)s, expected %(wanted)s"),
    say("unexpected char %(found)s at %(place)s"),
    say("Expected an expression, got %(found)s"),
    say("Unexpected end of template."),
    say(
        "Unexpected end of template. Jinja was looking for the following tags: %(wanted)s. The innermost block that "
        "needs to be closed is %(block)s."
    ),
    say("Encountered unknown tag %(tag)s."),
    say("Encountered unknown tag %(tag)s. Jinja was looking for the following tags: %(wanted)s."),
    say(
        "Encountered unknown tag %(tag)s. Jinja was looking for the following tags: %(wanted)s. The innermost block "
        "that needs to be closed is %(block)s."
    ),
    say(
        "Encountered unknown tag %(tag)s. You probably made a nesting mistake. Jinja is expecting this tag, but "
        "currently looking for %(wanted)s. The innermost block that needs to be closed is %(block)s."
    ),
    say("Missing end of comment tag"),
    say("Missing end of raw directive"),
    say("No filter named %(name)s."),
    say("No filter named %(name)s found."),
    say("No test named %(name)s."),
    say("No test named %(name)s found."),
    say("block %(name)s defined twice"),
    say("tag name expected"),
    say("expected name or number"),
    say("expected subscript expression"),
    say("invalid syntax for function call expression"),
    say("chunk after expression"),
    # YAML
    say("mapping values are not allowed here"),
    say("sequence entries are not allowed here"),
    say("could not find expected ':'"),
    say("expected <block end>, but found %(found)s"),
    say("expected the node content, but found %(found)s"),
    say("expected ',' or ']', but got %(found)s"),
    say("expected ',' or '}', but got %(found)s"),
    say("found character %(found)s that cannot start any token"),
    say("found unknown escape character %(found)s"),
    say("found unexpected end of stream"),
    say("found unexpected ':'"),
    say("found undefined alias %(name)s"),
)
_recall = recalling(sorted(SENTENCES, key=len, reverse=True))


def in_words(text: str) -> str:
    """The sentence of a library as `say` made it; anything else as it is."""
    return text if isinstance(text, Said) else _recall(text) or text
