"""Where in which file something went wrong while a template was rendered."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType, TracebackType

from jinja2 import TemplateNotFound, TemplateSyntaxError

from newsletter.errors import NewsletterError, Problem, ProblemsFound
from newsletter.i18n import say, told
from newsletter.libraries import in_words
from newsletter.rendering.manuscript import Fault, Manuscript

Place = tuple[str | None, int | None]  # template and line


@contextmanager
def located(manuscript: Manuscript) -> Iterator[None]:
    """Turns what goes wrong in a template into a problem with file and line."""
    try:
        yield
    except (ProblemsFound, MemoryError):
        raise
    except TemplateSyntaxError as error:
        file, line = manuscript.templates.place(error.name, error.lineno)
        raise ProblemsFound([Problem(in_words(error.message or say("a syntax error")), file, line)]) from error
    except Exception as error:
        name, number = _place(error.__traceback__)
        if name is None and not isinstance(error, (Fault, NewsletterError, TemplateNotFound)):
            raise
        file, line = manuscript.templates.place(name, number)
        raise ProblemsFound([Problem(_sentence(error), file, line)]) from error


def _place(traceback: TracebackType | None) -> Place:
    """Template and line of the innermost template frame (Jinja writes these frames into the traceback)."""
    found: Place = (None, None)
    while traceback is not None:
        if "__jinja_exception__" in traceback.tb_frame.f_globals:
            found = (traceback.tb_frame.f_code.co_filename, traceback.tb_lineno)
        traceback = traceback.tb_next
    return found


def _sentence(error: Exception) -> str:
    if isinstance(error, RecursionError):
        return say("the template calls itself without end")
    if isinstance(error, TypeError) and "Symbol" in str(error):
        return say(
            "a recipient's value cannot be used like this; put texts together with ~ and change them with filters"
        )
    if isinstance(error, TemplateNotFound):
        return error.message or str(error)
    return in_words(told(error)) or type(error).__name__


def here() -> Place:
    """Template and line that are being rendered (innermost)."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        template = frame.f_globals.get("__jinja_template__")
        if template is not None:
            return template.name, template.get_corresponding_lineno(frame.f_lineno)
        frame = frame.f_back
    return None, None
