"""What can be wrong with wording, and where."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, order=True, slots=True)
class TemplateProblem:
    """One mistake in a marketer's file; `line` and `column` count from 1. Holds no customer's data."""

    path: str
    line: int
    column: int
    message: str
    code: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}:{self.column}: {self.message} [{self.code}]"


class TemplatesError(Exception):
    """Something in the wording room went wrong."""


class BadTemplates(TemplatesError):
    """The folder cannot be used; `problems` holds every mistake found, sorted."""

    def __init__(self, problems: list[TemplateProblem]) -> None:
        self.problems = sorted(set(problems))
        super().__init__("\n".join(map(str, self.problems)))


class RenderError(TemplatesError):
    """A message could not be rendered. Final: the same data fails again until a file is mended."""

    def __init__(self, problem: TemplateProblem) -> None:
        self.problem = problem
        super().__init__(str(problem))

    @property
    def code(self) -> str:
        """A short stable word for metrics and tests."""
        return self.problem.code


class Refused(TemplatesError):
    """Raised inside a rendering, before the place in the file is known. Never holds a value."""

    def __init__(self, code: str, message: str, near: str = "") -> None:
        self.code = code
        self.near = near
        super().__init__(message)
