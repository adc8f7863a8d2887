"""What each mutant must be caught as; apart from the mutants, so that the harness loads nothing of the product's."""

CAUGHT_AS: dict[str, tuple[str, ...]] = {
    "commit-first": ("lost",),
    "no-inbox": ("doubled",),
    "ack-first": ("lost",),
    "no-fence": ("doubled",),
    "last-wins": ("counters",),
    "moody": ("decisions",),
    "clock-blind": ("backwards",),
    "lenient": ("decisions",),
    "forgetful-relay": ("unrelayed",),
    "leaky-dead-letters": ("dead_missing",),
    "smudged-dead-letters": ("dead_altered",),
    "mark-first": ("mails_missing",),
    "no-sending": ("mails_uncounted",),
    "new-key": ("mails_missing", "mails_unexpected"),
}
"""Mutant → figures of the verdict."""
