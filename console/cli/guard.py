"""A person's mistake, or a service that is away, is a sentence and an exit code, never a traceback."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from aiokafka.errors import KafkaError

from console.cli.output import BAD, UNREACHABLE, USAGE, fail
from console.publishing import BadFiles, Unreadable
from console.settings import Settings
from delivery.channels import channels
from delivery.errors import BadSettings
from storage.errors import StoreError, Unreachable
from storage.rulesets import NothingPublished
from streams.errors import BrokerUnreachable, IntakeHalted, Stalled, StreamError


@contextlib.contextmanager
def guarded() -> Iterator[None]:
    """Turn what can go wrong into one message and the exit code of the command line."""
    try:
        yield
    except (BrokerUnreachable, Unreachable) as error:
        fail(str(error), UNREACHABLE)
    except KafkaError as error:
        fail(f"the broker refused: {type(error).__name__}", UNREACHABLE)
    except (BadFiles, Unreadable, IntakeHalted, Stalled) as error:
        fail(str(error), BAD)
    except (StoreError, NothingPublished, StreamError, BadSettings) as error:
        fail(str(error), USAGE)
    except OSError as error:
        named = f"{error.filename}: " if error.filename else "a file or folder that a setting or an argument names: "
        fail(f"{named}{error.strerror or type(error).__name__}", USAGE)


def check_mail(config: Settings) -> None:
    """Whether the settings of mail make sense; connects to nothing. Raises BadSettings."""
    channels(config.smtp, config.maildir, config.mail_from, config.send_timeout, config.send_concurrency)
