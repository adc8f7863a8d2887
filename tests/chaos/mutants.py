"""What each mutant breaks, and what it must be caught as. Apart from them: the harness loads nothing of the product."""

from __future__ import annotations

CAUGHT_AS: dict[str, tuple[str, ...]] = {
    "commit-first": ("lost",),
    "ack-first": ("lost",),
    "forgetful-relay": ("unrelayed",),
    "leaky-dead-letters": ("dead_missing",),
    "smudged-dead-letters": ("dead_altered",),
    "no-inbox": ("doubled",),
    "no-fence": ("doubled",),
    "last-wins": ("counters",),
    "mark-first": ("mails_missing",),
    "no-sending": ("mails_uncounted",),
    "new-key": ("mails_missing", "mails_unexpected"),
    "moody": ("decisions",),
    "deaf": ("words_missing",),
    "clock-blind": ("backwards",),
    "lenient": ("decisions",),
    "unstoppable": ("keys_unexpected",),
    "stays": ("steps_unexpected",),
    "todays-rules": ("steps_missing", "steps_unexpected"),
    "takes-first": ("steps_missing", "words_missing"),
    "never-again": ("steps_missing", "words_missing"),
    "moves-on": ("told_missing",),
    "halfway-publish": ("sets_late",),
    "looks-now-and-then": ("sets_late",),
}
"""Mutant → figures of the verdict."""
PROMISES: dict[int, tuple[str, ...]] = {
    1: (
        *("commit-first", "ack-first", "forgetful-relay", "leaky-dead-letters", "smudged-dead-letters"),
        *("takes-first", "never-again", "moves-on"),
    ),
    2: ("no-inbox", "no-fence", "last-wins", "unstoppable", "stays"),
    3: ("mark-first", "no-sending", "new-key"),
    4: ("moody", "clock-blind", "deaf", "todays-rules"),
    5: ("lenient", "halfway-publish", "looks-now-and-then"),
}
"""Promise → the mutants that break it: no accepted event is lost; every effect once, in any order; a message at least
once under one key; same log, same decisions; a bad rule file never goes live."""


def promise(mutant: str) -> int:
    """The promise that a mutant breaks."""
    return next(number for number, mutants in PROMISES.items() if mutant in mutants)
