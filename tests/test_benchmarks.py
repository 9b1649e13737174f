"""The collector of `make bench`, on modules that measure nothing."""

from __future__ import annotations

import importlib
import json
import platform
from pathlib import Path

import pytest
from benchmarks.__main__ import KEYS, LATEST, MODULES, Row, machine, main, measured, not_measured, report

GOOD = """
def rows():
    print("chatter")
    row = {"name": "speed", "value": 1234.5, "unit": "m/s", "target": ">= 2000 m/s", "versus": "sound", "met": False}
    return [row, {**row, "name": "size", "target": None, "versus": None, "met": None}]
"""
BAD = """
def rows():
    raise SystemExit("the road is closed")
"""
HERE: Row = {
    "cpu": "abacus",
    "cores": 2,
    "memory_gb": 1.0,
    "system": "x",
    "python": "3",
    "sqlite": "3",
    "date": "today",
}


def row(value: float | None, met: bool | None = None) -> Row:
    return dict(zip(KEYS, ("speed", value, "m/s", ">= 2000 m/s", "beside sound", met), strict=True))


@pytest.fixture
def fakes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "bench_good.py").write_text(GOOD)
    (tmp_path / "bench_bad.py").write_text(BAD)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))


@pytest.mark.usefixtures("fakes")
def test_rows_come_from_a_process_of_their_own_and_a_failure_says_why(capsys: pytest.CaptureFixture[str]) -> None:
    [failed] = measured("bench_bad")
    speed, size = measured("bench_good")
    assert tuple(failed) == tuple(speed) == KEYS
    assert (failed["value"], failed["met"]) == (None, None)
    assert "the road is closed" in failed["versus"]
    assert (speed["value"], speed["met"], size["met"]) == (1234.5, False, None)
    said = capsys.readouterr()
    assert said.out == ""
    assert "bench_good" in said.err


def test_a_missed_target_is_a_result(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    latest = tmp_path / "latest.json"
    assert report([row(1234.5, met=False)], HERE, latest) == 0
    assert json.loads(latest.read_text()) == [{**row(1234.5, met=False), "machine": HERE}]
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("abacus, 2 cores")
    assert any("1,234.5 m/s" in line and line.endswith("no") for line in lines)
    assert any("beside sound" in line for line in lines)


def test_what_could_not_be_measured_fails_the_run(tmp_path: Path) -> None:
    latest = tmp_path / "latest.json"
    assert report([row(1, met=True), row(None)], HERE, latest) == 1
    assert [each["value"] for each in json.loads(latest.read_text())] == [1, None]


def test_a_run_of_some_writes_no_file(tmp_path: Path) -> None:
    assert report([row(1)], HERE, None) == 0
    assert list(tmp_path.iterdir()) == []


def test_the_machine_is_named_and_not_the_host() -> None:
    found = machine()
    assert set(found) == set(HERE)
    assert found["cores"] >= 1
    assert platform.node() not in found.values()


def test_a_reason_names_no_folder_of_the_machine() -> None:
    row = not_measured("speed", f"cannot import {LATEST.parents[1]}/benchmarks/x.py")
    assert row["versus"] == "not measured: cannot import benchmarks/x.py"


def test_every_benchmark_is_there() -> None:
    for name in MODULES:
        assert callable(importlib.import_module(f"benchmarks.{name}").rows)


def test_a_wrong_name_is_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["speeed"]) == 2
    assert "'speeed'" in capsys.readouterr().err
