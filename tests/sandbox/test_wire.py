from __future__ import annotations

import signal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from arc.grid import Grid
from sandbox.outcome import MAX_DETAIL, Failure, FailureKind
from sandbox.wire import (
    FAILURE_TAGS,
    Ending,
    Reply,
    decode_program,
    encode_failure,
    encode_grid,
    encode_program,
    read_outcomes,
)

unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


@st.composite
def small_grids(draw: st.DrawFn) -> Grid:
    height, width = draw(st.integers(1, 30)), draw(st.integers(1, 30))
    pattern = draw(st.binary(min_size=1, max_size=9)).translate(bytes(i % 10 for i in range(256)))
    return Grid(height, width, (pattern * 900)[: height * width])


failures = st.builds(Failure.of, st.sampled_from(list(FAILURE_TAGS.values())), st.text())
outcomes = st.lists(small_grids() | failures, max_size=6)
statuses = st.integers(0, 255).map(lambda code: code << 8) | st.integers(1, 31)
endings = st.sampled_from([e for e in Ending if e not in (Ending.READY, Ending.BROKEN)])


def reply_of(records: bytes, ending: Ending = Ending.BY_ITSELF, status: int = 0) -> Reply:
    return Reply(0, ending, status, 0.0, records)


def encode(outcome: Grid | Failure) -> bytes:
    if isinstance(outcome, Grid):
        return encode_grid(outcome.height, outcome.width, outcome.cells)
    return encode_failure(outcome.kind, outcome.detail)


@unhurried
@given(st.text(st.characters(exclude_categories=())), st.lists(small_grids(), max_size=5))
def test_decoding_undoes_encoding_of_a_request(source: str, inputs: list[Grid]) -> None:
    decoded_source, decoded = decode_program(encode_program(source, inputs))
    assert decoded_source == source
    assert [Grid(*parts) for parts in decoded] == inputs


@unhurried
@given(outcomes)
def test_reading_undoes_encoding_of_records(expected: list[Grid | Failure]) -> None:
    records = b"".join(encode(outcome) for outcome in expected)
    assert read_outcomes(reply_of(records), len(expected)) == expected


@unhurried
@given(st.binary(max_size=3000), st.integers(0, 5), endings, statuses)
def test_any_bytes_give_one_outcome_per_input(
    records: bytes, n_inputs: int, ending: Ending, status: int
) -> None:
    read = read_outcomes(reply_of(records, ending, status), n_inputs)
    assert len(read) == n_inputs
    for outcome in read:
        assert isinstance(outcome, Grid | Failure)
        if isinstance(outcome, Failure):
            assert outcome.detail.isprintable()
            assert len(outcome.detail) <= MAX_DETAIL


@unhurried
@given(outcomes.filter(bool), st.data())
def test_a_cut_reply_keeps_whole_records_and_invents_none(
    sent: list[Grid | Failure], data: st.DataObject
) -> None:
    records = b"".join(encode(outcome) for outcome in sent)
    cut = data.draw(st.integers(0, len(records) - 1))
    read = read_outcomes(reply_of(records[:cut], Ending.CPU_LIMIT, 9), len(sent))
    n_whole = next(i for i, outcome in enumerate(read) if outcome != sent[i])
    assert read[:n_whole] == sent[:n_whole]
    assert {o.kind for o in read[n_whole:] if isinstance(o, Failure)} == {FailureKind.CPU_TIMEOUT}
    assert not any(isinstance(outcome, Grid) for outcome in read[n_whole:])


@unhurried
@given(outcomes, st.binary(min_size=1, max_size=50))
def test_a_reply_that_goes_on_is_not_believed(sent: list[Grid | Failure], more: bytes) -> None:
    records = b"".join(encode(outcome) for outcome in sent) + more
    for outcome in read_outcomes(reply_of(records), len(sent)):
        assert isinstance(outcome, Failure)
        assert outcome.kind is FailureKind.PROTOCOL


@pytest.mark.parametrize(
    "record",
    [
        b"\x00",
        b"\x00\x01",
        b"\x00\x00\x00",
        b"\x00\x1f\x01" + bytes(31),
        b"\x00\x01\x01\x0a",
        b"\x00\x02\x02\x01\x01\x01",
        b"\x01\xff\xff" + b"x" * 65535,
        b"\x01\x05\x00abc",
        b"\x04\x00\x00",
        b"\xff" * 100,
        b"\x80\x04N.",
    ],
)
def test_malformed_records_are_protocol_failures(record: bytes) -> None:
    (outcome,) = read_outcomes(reply_of(record), 1)
    assert isinstance(outcome, Failure)
    assert outcome.kind is FailureKind.PROTOCOL


@pytest.mark.parametrize(
    ("ending", "status", "kind"),
    [
        (Ending.CPU_LIMIT, signal.SIGKILL, FailureKind.CPU_TIMEOUT),
        (Ending.WALL_LIMIT, signal.SIGKILL, FailureKind.WALL_TIMEOUT),
        (Ending.OUTPUT_LIMIT, signal.SIGKILL, FailureKind.PROTOCOL),
        (Ending.BY_ITSELF, signal.SIGSYS, FailureKind.POLICY),
        (Ending.BY_ITSELF, signal.SIGXCPU, FailureKind.CPU_TIMEOUT),
        (Ending.BY_ITSELF, signal.SIGSEGV, FailureKind.SIGNAL),
        (Ending.BY_ITSELF, 0x7F - 1, FailureKind.SIGNAL),
        (Ending.BY_ITSELF, 0, FailureKind.PROTOCOL),
    ],
)
def test_how_a_process_ended_decides_the_kind(
    ending: Ending, status: int, kind: FailureKind
) -> None:
    (outcome,) = read_outcomes(reply_of(b"", ending, status), 1)
    assert isinstance(outcome, Failure)
    assert outcome.kind is kind


def test_text_from_a_program_is_one_safe_line() -> None:
    text = "\x1b[2J\r\nline\u202e at 0x7f00deadbeef \x00" + "x" * 9999
    detail = Failure.of(FailureKind.RAISED, text).detail
    assert detail.startswith("[2J line at 0x... x")
    assert detail.isprintable()
    assert len(detail) == MAX_DETAIL
