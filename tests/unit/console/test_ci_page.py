"""The workflow of the page about pull requests: it is YAML, and runs what the page has people try by hand."""

from __future__ import annotations

from ruamel.yaml import YAML

from tests.acceptance.pages import blocks

PAGE = "docs/how-to/rules-in-ci.md"


def test_the_workflow_runs_the_commands_of_the_page() -> None:
    by_hand = {line for block in blocks(PAGE) if block.verb == "run" for line in block.text.split("\n")}
    (text,) = [block.text for block in blocks(PAGE) if block.words == [".github/workflows/rules.yaml"]]
    steps = YAML(typ="safe").load(text)["jobs"]["rules"]["steps"]
    ran = [step["run"] for step in steps if step.get("run", "").startswith("regulars")]
    assert len(ran) == 3
    assert set(ran) <= by_hand
    (backtest,) = [step for step in steps if "backtest" in step.get("run", "")]
    said = " ".join(f"{name}={value}" for name, value in backtest["env"].items())
    assert f"export {said}" in by_hand
