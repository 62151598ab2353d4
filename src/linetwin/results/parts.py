"""Closed parts of a table on disk: written whole, listed in order, merged, cut to a length.

A table is `<table>.parquet` once merged, before that `parts/<table>-000001.parquet` and so on.
Every file appears by renaming, so whatever is there is complete.
"""

from __future__ import annotations

import math
import os
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from linetwin.errors import ResultsError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping
    from pathlib import Path

    from linetwin.results.schemas import Table

FOLDER = "parts"
ROWS_PER_GROUP = 8_192
_COMPRESSION = "zstd"
Stamp = tuple[int, int, int]


def merged(folder: Path, table: Table) -> Path:
    """Return where the merged table lies, or will lie."""
    return folder / f"{table.name}.parquet"


def part(folder: Path, table: Table, number: int) -> Path:
    """Return the path of part `number`, counted from 1."""
    return folder / FOLDER / f"{table.name}-{number:06d}.parquet"


def listed(folder: Path, table: Table) -> list[Path]:
    """Return the files that hold the table, in order: the merged one, or else its parts."""
    whole = merged(folder, table)
    if whole.is_file():
        return [whole]
    return numbered(folder, table)


def numbered(folder: Path, table: Table) -> list[Path]:
    """Return the table's parts in order."""
    return sorted((folder / FOLDER).glob(f"{table.name}-*.parquet"))


def opened(file: Path, dictionaries: Collection[str] = ()) -> pq.ParquetFile:
    """Open one Parquet file; ResultsError where it is damaged.

    `dictionaries`: text columns to be read as codes and names.
    """
    try:
        footer = _footer(file, stamp(file))
        return pq.ParquetFile(file, metadata=footer, read_dictionary=list(dictionaries))
    except (pa.ArrowException, OSError) as error:
        raise ResultsError(f"{file} is damaged: {error}") from error


def stamp(file: Path) -> Stamp:
    """Return what another file of the same name differs in."""
    found = file.stat()
    return found.st_mtime_ns, found.st_size, found.st_ino


@lru_cache(maxsize=64)
def _footer(file: Path, _: Stamp) -> pq.FileMetaData:
    """Return what the end of a file says of it: a table is read a few columns at a time."""
    return pq.read_metadata(file)


def rows(file: Path) -> int:
    """Return the number of rows in one file; ResultsError where it is damaged."""
    try:
        return int(_footer(file, stamp(file)).num_rows)
    except (pa.ArrowException, OSError) as error:
        raise ResultsError(f"{file} is damaged: {error}") from error


def rows_up_to(folder: Path, table: Table, count: int) -> int:
    """Return the rows of the table in `folder`; files behind row `count` are not looked at.

    ResultsError where a file before it is damaged.
    """
    return sum(_sizes(listed(folder, table), count))


def _sizes(files: Iterable[Path], count: int) -> list[int]:
    """Return the rows of each file up to the one that holds row `count`.

    What comes after it will be dropped, and may be damaged: power failed while it was written.
    """
    sizes: list[int] = []
    for file in files:
        if sum(sizes) >= count:
            break
        sizes.append(rows(file))
    return sizes


def write(data: pa.Table, file: Path) -> None:
    """Write one closed file."""
    _write_stream(iter([data]), data.schema, file)


def _write_stream(blocks: Iterator[pa.Table], schema: pa.Schema, file: Path) -> None:
    """Write blocks as row groups of one size, whatever the sizes of the blocks."""
    temporary = file.with_name(file.name + ".tmp")
    waiting: list[pa.Table] = []
    count = 0
    # Numbers hardly repeat, and nobody looks for rows by them: dictionaries and statistics of them
    # cost half of the time, and room.
    texts = [field.name for field in schema if field.type == pa.string()]
    about = {"use_dictionary": texts, "write_statistics": texts}
    with pq.ParquetWriter(temporary, schema, compression=_COMPRESSION, **about) as writer:
        for block in blocks:
            waiting.append(block)
            count += block.num_rows
            while count >= ROWS_PER_GROUP:
                whole = pa.concat_tables(waiting)
                writer.write_table(whole.slice(0, ROWS_PER_GROUP), row_group_size=ROWS_PER_GROUP)
                waiting = [whole.slice(ROWS_PER_GROUP)]
                count -= ROWS_PER_GROUP
        if count:
            writer.write_table(pa.concat_tables(waiting), row_group_size=ROWS_PER_GROUP)
    os.replace(temporary, file)  # noqa: PTH105 - said aloud: this is the atomic step


def blocks(
    files: Iterable[Path], schema: pa.Schema, limit: int | None = None
) -> Iterator[pa.Table]:
    """Yield the rows of `files`, at most `limit`, row group by row group, shaped as `schema`."""
    left = limit
    for file in files:
        with opened(file) as parquet:
            for group in range(parquet.num_row_groups):
                if left == 0:
                    return
                block = _filled(_group(parquet, group, schema.names, file), schema)
                if left is not None:
                    block = block.slice(0, left)
                    left -= block.num_rows
                yield block


def chosen(
    files: Iterable[Path], schema: pa.Schema, only: Mapping[str, Collection[str]]
) -> Iterator[pa.Table]:
    """Yield rows group by group, shaped as `schema`: those whose text column has one of the values.

    Of a row group that holds none of them nothing else is read. Columns that `schema` has as
    codes and names are read so.
    """
    coded = [field.name for field in schema if pa.types.is_dictionary(field.type)]
    for file in files:
        hits = _hits(file, only) if only else None
        first = 0
        with opened(file, coded) as parquet:
            for group in range(parquet.num_row_groups):
                last = first + parquet.metadata.row_group(group).num_rows
                here = None if hits is None else hits[first:last]
                first = last
                if here is None:
                    yield _filled(_group(parquet, group, schema.names, file), schema)
                elif here.any():
                    block = _filled(_group(parquet, group, schema.names, file), schema)
                    yield block.filter(pa.array(here))


def texts(file: Path, name: str) -> pa.ChunkedArray:
    """Return a text column of one file."""
    try:
        with opened(file) as parquet:
            return parquet.read(columns=[name], use_threads=False)[name]
    except (pa.ArrowException, OSError) as error:
        raise ResultsError(f"{file} is damaged: {error}") from error


def _hits(file: Path, only: Mapping[str, Collection[str]]) -> np.ndarray:
    """Return which rows of a file have one of the values in each of these text columns."""
    found = None
    for name, values in only.items():
        here = np.asarray(pc.is_in(texts(file, name), value_set=pa.array([*values], pa.string())))
        found = here if found is None else found & here
    return np.asarray(found)


def _group(parquet: pq.ParquetFile, number: int, names: list[str], file: Path) -> pa.Table:
    """Return those of the named columns that a row group has."""
    # Threads gain nothing on groups of this size, and each keeps memory of its own.
    try:
        return parquet.read_row_group(number, columns=names, use_threads=False)
    except (pa.ArrowException, OSError) as error:
        raise ResultsError(f"{file} is damaged: {error}") from error


def _filled(block: pa.Table, schema: pa.Schema) -> pa.Table:
    """Return `block` in `schema`; a quantity nobody recorded in it is NaN."""
    there = {*block.column_names}
    nothing = pa.repeat(math.nan, 0 if there >= {*schema.names} else block.num_rows)
    columns = [block[name] if name in there else nothing for name in schema.names]
    return pa.Table.from_arrays(columns, schema=schema)


def union(files: Iterable[Path], table: Table) -> pa.Schema:
    """Return the schema with every column that occurs in `files`."""
    return _union(tuple((file, stamp(file)) for file in files), table)


@lru_cache(maxsize=32)
def _union(files: tuple[tuple[Path, Stamp], ...], table: Table) -> pa.Schema:
    names: set[str] = set()
    fields: dict[str, pa.Field] = {}
    for file, _ in files:
        with opened(file) as parquet:
            schema = parquet.schema_arrow
            names.update(schema.names)
            fields.update(zip(schema.names, schema, strict=True))
    fixed = table.schema()
    extra = [fields[name] for name in sorted(names - set(fixed.names))]
    return pa.schema([*fixed, *extra], metadata=fixed.metadata)


def merge(folder: Path, table: Table) -> None:
    """Turn the parts into the merged file, reading one row group at a time."""
    files = numbered(folder, table)
    whole = merged(folder, table)
    if len(files) == 1 and not whole.is_file():
        os.replace(files[0], whole)  # noqa: PTH105 - as above: it is what would be written
        return
    if files or not whole.is_file():
        schema = union(files, table)
        _write_stream(_ahead(blocks(files, schema)), schema, whole)
    for file in files:
        file.unlink()


def _ahead(source: Iterator[pa.Table]) -> Iterator[pa.Table]:
    """Yield the blocks of `source`; the next one is read while the last one is written."""
    with ThreadPoolExecutor(1, thread_name_prefix="linetwin-merge") as thread:
        coming = thread.submit(next, source, None)
        while (block := coming.result()) is not None:
            coming = thread.submit(next, source, None)
            yield block


def cut(source: Path, target: Path, table: Table, count: int) -> int:
    """Make the parts in `target` the first `count` rows of the table in `source`.

    Returns the number of parts. A kill between two steps loses no row that was asked for.
    ResultsError where the source has fewer rows.
    """
    files = listed(source, table)
    sizes = _sizes(files, count)
    if sum(sizes) < count:
        raise ResultsError(
            f"{source}: {table.name} has {sum(sizes)} rows, the snapshot counted {count}"
        )
    whole = merged(target, table)
    if source == target and not whole.is_file():
        return _shortened(files, sizes, count)
    # What is read is the source's, or the merged file: parts in the target are left-overs.
    for file in numbered(target, table):
        file.unlink()
    if count:
        files = files[: len(sizes)]
        schema = union(files, table)
        first = part(target, table, 1)
        first.parent.mkdir(parents=True, exist_ok=True)
        _write_stream(blocks(files, schema, count), schema, first)
    whole.unlink(missing_ok=True)
    return 1 if count else 0


def _shortened(files: list[Path], sizes: list[int], count: int) -> int:
    """Delete the parts behind row `count`; a mark is always the end of a part."""
    kept = 0
    while count > 0:
        count -= sizes[kept]
        kept += 1
    if count < 0:
        raise ResultsError(f"{files[kept - 1]} reaches beyond the snapshot: it is of another run")
    for file in reversed(files[kept:]):
        file.unlink()
    return kept
