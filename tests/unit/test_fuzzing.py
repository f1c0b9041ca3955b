"""The reader ends every file in a profile or in one clear line; `make fuzz` tries thousands, these are a few."""

import pytest
from client_files.fuzzing import fuzzed_file, odd_tables, problem_with
from hypothesis import HealthCheck, given, settings

DAMAGED = 100
MADE_UP = 50


@pytest.mark.parametrize("seed", range(DAMAGED))
def test_damaged_files_end_in_a_profile_or_one_line(seed):
    assert problem_with(*fuzzed_file(seed)) is None


@settings(max_examples=MADE_UP, suppress_health_check=list(HealthCheck))
@given(odd_tables())
def test_odd_tables_end_in_a_profile_or_one_line(content):
    assert problem_with(content, ".csv") is None


def test_what_must_not_happen_is_noticed(monkeypatch):
    import client_files.fuzzing as fuzzing

    def broken(*_, **__):
        raise KeyError("column")

    monkeypatch.setattr(fuzzing, "profile_file", broken)
    assert problem_with(b"a,b\n1,2\n", ".csv").kind.startswith("KeyError")
