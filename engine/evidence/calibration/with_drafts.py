"""What a run drafted and kept, of what its file and the person who calibrates say."""

from __future__ import annotations

from dataclasses import replace

from engine.evidence.calibration.run import Run
from engine.scenario import Scenario
from engine.serve.asked import drafts_of
from engine.serve.requests import Drafts, even_acceptance
from engine.serve.system import System
from engine.words.errors import InputError
from engine.words.messages import say


def with_drafts(run: Run, scenario: Scenario, site: System) -> Run:
    """The run with its drafts: as many tokens as its file says, else the scenario; kept as the
    scenario says, else the run, else as is known of the model on the scenario's text. Raises
    `InputError` where nobody says how many tokens were drafted, or a step yields more than that."""
    tokens = run.drafts.tokens or scenario.draft_tokens
    if not tokens and run.accepted == 1.0:
        return run
    if not tokens or run.accepted > tokens + 1:
        raise InputError(
            say(
                "{run}: found {accepted:.2f} tokens a step, expected as many --draft-tokens as the "
                "run drafted",
                run=run.name,
                accepted=run.accepted,
            )
        )
    given = scenario.kept or scenario.acceptance is not None
    if not given and run.drafts.kept:
        return run
    if not given and run.accepted > 1.0:
        return replace(run, drafts=Drafts.even(tokens, even_acceptance(tokens, run.accepted)))
    return replace(run, drafts=drafts_of(replace(scenario, draft_tokens=tokens), site))
