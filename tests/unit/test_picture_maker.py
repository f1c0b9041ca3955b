"""The README's pictures come from a finished run, whichever way it ended."""

import finished_runs as finished
import pytest
import run_records as runs

import picture_maker
import reporter
from mmm_builder.errors import InputError

PNG = b"\x89PNG\r\n\x1a\n"


@pytest.mark.parametrize("make", [finished.three_with_success, finished.ten_exhausted])
def test_both_pictures_are_drawn(tmp_path, make):
    iterations, budget = make()
    reporter.report_files(**finished.write_run(tmp_path, runs.profile(), iterations), max_iterations=budget)
    picture_maker.draw_pictures(run=tmp_path, output=tmp_path / "images")
    for name in ("holdout.png", "gates.png"):
        assert (tmp_path / "images" / name).read_bytes().startswith(PNG)


def test_without_a_finished_run_the_cure_is_named(tmp_path):
    with pytest.raises(InputError, match="no finished run here; `make run`"):
        picture_maker.draw_pictures(run=tmp_path, output=tmp_path / "images")
    assert not (tmp_path / "images").exists()
