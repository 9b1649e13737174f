"""The command line: one module a noun. `main` is the program's entry."""

from __future__ import annotations

import sys

from newsletter.errors import NewsletterError


def main() -> None:
    """Runs a command. Exit codes: 0 done, 1 the work failed or checks found errors, 2 wrong usage."""
    from newsletter.cli.output import complain
    from newsletter.cli.program import app

    try:
        app(prog_name="newsletter")
    except NewsletterError as error:
        complain(error)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        sys.exit(130)
    except OSError as error:
        complain(f"{error.filename or 'The system'}: {error.strerror or error}")
        sys.exit(1)
    except Exception as error:
        from newsletter.store.engine import sentence_of

        sentence = sentence_of(error)
        if sentence is None:
            raise
        complain(sentence)
        sys.exit(1)
