"""Every setting, read once from `REGULARS_*` and `.env`; the defaults run the embedded set-up."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

Positive = Annotated[int, Field(ge=1)]


class Settings(BaseSettings):
    """Where things are and how hard to work. Durations are seconds unless the name says otherwise."""

    model_config = SettingsConfigDict(env_prefix="REGULARS_", env_file=".env", extra="ignore", frozen=True)

    broker: str = "embedded"
    """`embedded`, or `kafka://host:9092[,host:9092 …]`."""
    store: str = "sqlite:///regulars.db"
    """`sqlite:///file` or `postgresql+psycopg://user:password@host/database`."""
    home: Path = Path(".regulars")
    """Where the embedded broker writes its address."""
    rules: Path = Path("rules")
    templates: Path = Path("templates")
    watch: Literal["auto", "on", "off"] = "auto"
    """Make the files of rules and wording live as soon as they are saved; `auto`: with the embedded broker."""
    operator: str = ""
    """Who publishes and pauses, as table `audit` says it; empty: user@host."""
    smtp: str = ""
    """`smtp://user:password@host:587` (STARTTLS when offered), `smtps://…`; empty: files in `maildir`."""
    maildir: Path = Path(".regulars/mail")
    mail_from: str = "Regulars <shop@localhost.localdomain>"

    partitions: Positive = 4
    replication: Positive = 1
    topic_retention_days: Positive = 7
    batch_size: Positive = 1000
    dedupe_horizon_days: Positive = 400
    log_days: Annotated[int, Field(ge=0)] = 0
    """How long events stay in the log at least; 0 = for ever."""
    dead_letter_share: Annotated[float, Field(gt=0, le=1)] = 0.5
    """Halt when more than this share of a partition's recent events is bad."""

    send_timeout: Annotated[float, Field(gt=0)] = 30.0
    send_attempts: Positive = 6
    send_retry: Annotated[float, Field(ge=0)] = 60.0
    """What did not leave is tried again within so many seconds; within four times that after each further try."""
    send_retry_most: Annotated[float, Field(ge=0)] = 6 * 3600.0
    send_concurrency: Positive = 8
    ambiguous: Literal["resend", "park"] = "resend"
    """What to do with a message whose fate a crash hid: send it again, or set it aside."""

    @property
    def watching(self) -> bool:
        """Whether the files are watched."""
        return self.watch == "on" or (self.watch == "auto" and self.broker == "embedded")
