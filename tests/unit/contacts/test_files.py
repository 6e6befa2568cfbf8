"""Files and their rows: what is read, what is refused, and where it stood."""

import csv
import io
from datetime import UTC, datetime
from uuid import UUID

import pytest
from contacts.csv_files import FileEncodingError, FileIsNotCsvError, read_rows
from contacts.file_layout import Layout, RowError, Tally
from contacts.file_rows import read_customers
from contacts.imports import domain
from contacts.imports.domain import Import, ImportIsNotRunningError, ImportIsOverError
from contacts.person_rows import read_people
from hypothesis import given
from hypothesis import strategies as st
from shared.contracts.contacts import ExternalId, ImportCompleted, ImportFailed, ImportStarted

AT = datetime(2026, 1, 1, tzinfo=UTC)


def rows(text: str | bytes) -> list[tuple[int, list[str]]]:
    content = text.encode() if isinstance(text, str) else text
    return list(read_rows(io.BytesIO(content), ","))


def test_a_row_stands_in_the_line_where_it_begins() -> None:
    assert rows('a,b\n"x\ny",1\n\nz,2\n') == [
        (1, ["a", "b"]),
        (2, ["x\ny", "1"]),
        (5, ["z", "2"]),
    ]


def test_what_is_not_utf8_or_not_csv_is_refused() -> None:
    with pytest.raises(FileEncodingError):
        rows(b"a\n\xff\n")
    with pytest.raises(FileIsNotCsvError):
        rows('a\n"x"y\n')


_cells = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00\r"))


@given(st.lists(st.lists(_cells, min_size=2, max_size=4), max_size=20))
def test_whatever_was_written_is_read_again(table: list[list[str]]) -> None:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows(table)
    if not text.getvalue().startswith("\ufeff"):
        assert [cells for _, cells in rows(text.getvalue())] == table


def test_cells_become_fields_and_constants_fill_the_rest() -> None:
    layout = Layout(
        ["id", "name", "tags", "ignored"],
        {"id": "external_id:erp", "name": "display_name", "tags": "tags"},
        {"kind": "individual"},
    )
    tally = Tally()
    (row,) = read_customers(layout, [(2, ["7", " Ada ", "a; b", "x"])], tally)
    assert row.said.given() == {
        "kind": "individual",
        "display_name": "Ada",
        "source": "manual",
        "tags": ("a", "b"),
        "external_ids": (ExternalId(system="erp", id="7"),),
    }
    assert (row.keys, tally.errors) == (("erp:7",), [])


def test_a_bad_cell_is_named_by_its_column_without_its_value() -> None:
    layout = Layout(["id", "cur"], {"id": "external_id:e!", "cur": "currency"}, {"kind": "x"})
    tally = Tally()
    assert read_customers(layout, [(9, ["1", "secret"])], tally) == []
    assert {layout.column_of(error.field) for error in tally.errors} == {
        "kind",
        "display_name",
        "cur",
        "id",
    }
    assert not any("secret" in error.reason for error in tally.errors)


def test_a_person_without_a_good_address_is_rejected() -> None:
    layout = Layout(["m", "n"], {"m": "email", "n": "given_name"}, {})
    tally = Tally()
    assert read_people(layout, [(2, ["nobody", "A"]), (3, ["\x00", "B"])], tally) == []
    assert tally.errors == [
        RowError(2, "email", "email-invalid"),
        RowError(3, None, "nul-character"),
    ]


def run(*, dry_run: bool = False) -> Import:
    return Import(
        import_id=UUID(int=1),
        entity_type="customer",
        source_label="x",
        mode="create",
        on_duplicate="create",
        dry_run=dry_run,
        mapping={},
        constants={},
        header=[],
        file_hash="h",
        status="running",
        rows_total=2,
        correlation_id="c",
        traceparent="",
        started_at=AT,
    )


def test_an_import_says_when_it_starts_fails_and_completes() -> None:
    started, facts = domain.start(run())
    assert isinstance(facts[0], ImportStarted)
    failed, facts = domain.fail(started, "x")
    assert (failed.status, failed.version, type(facts[0])) == ("failed", 2, ImportFailed)
    resumed = domain.resume(failed)
    assert (resumed.status, resumed.failure) == ("running", None)
    done, facts = domain.finish(resumed, AT)
    assert (done.status, done.version, type(facts[0])) == ("completed", 3, ImportCompleted)


def test_a_dry_run_says_nothing() -> None:
    started, facts = domain.start(run(dry_run=True))
    assert (started.status, facts) == ("validating", [])
    assert domain.fail(started, "x")[1] == domain.finish(started, AT)[1] == []
    assert domain.resume(domain.pause(started)).status == "validating"


def test_a_complete_import_neither_pauses_nor_resumes() -> None:
    done, _ = domain.finish(run(), AT)
    with pytest.raises(ImportIsNotRunningError):
        domain.pause(done)
    with pytest.raises(ImportIsOverError):
        domain.resume(done)


def test_a_row_with_several_errors_is_rejected_once() -> None:
    tally = Tally(created=1)
    tally.reject(2, "a", "x")
    tally.reject(2, "b", "y")
    moved = domain.advance(run(), tally, 2, 3)
    assert (moved.rows_done, moved.created, moved.rejected, moved.blocks_done) == (2, 1, 1, 1)
