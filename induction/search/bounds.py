"""Bounds of the search, apart from it so that settings can be read without it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SearchConfig:
    """Bounds of the search.

    Attributes:
        max_cost: Greatest cost of an enumerated expression.
        max_steps: Work spent on enumeration for one size of the output, in calls.
        learns_rules: Whether rules are learned too, for cells, lines and parts.
        first_cost: Greatest cost of the expressions from which sizes are inferred.
        max_canvases: How many sizes of the output are tried.
        max_lookup_pieces: How many pieces are joined in pairs.
        max_pieces: How many pieces are painted over each other.
        settled_cost: A program at most this costly makes a second pass needless.
        trusted_cost: A program at most this costly ends the search for other sizes and roles, and
            makes further passes needless.
        max_bases: On how many images of the output's size rules are learned where that is not
            the input's.
        max_rule_pieces: How many pieces a rule may ask about.
        max_splits: Greatest number of questions in a rule.
        max_proposals: How many programs are returned.
        max_per_output: How many programs are returned for the same outputs.
        withheld: Share of the primitives that are not used, others for each task.
    """

    max_cost: int = 8
    max_steps: int = 60_000
    learns_rules: bool = True
    first_cost: int = 4
    max_canvases: int = 2
    max_lookup_pieces: int = 120
    max_pieces: int = 1500
    settled_cost: float = 5.0
    trusted_cost: float = 9.0
    max_bases: int = 3
    max_rule_pieces: int = 100
    max_splits: int = 10
    max_proposals: int = 40
    max_per_output: int = 4
    withheld: float = 0.0
