"""Tables of a run directory in the making: Parquet files and JSON that are whole or absent."""

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from market.units import IntArray

ROWS_PER_GROUP = 65_536


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Write a JSON file so that a reader sees the old one or the new one, never half."""
    part = path.with_name(path.name + ".part")
    part.write_text(json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n")
    part.replace(path)


class Table:
    """One Parquet file in the making; rows are buffered into row groups of decent size."""

    def __init__(self, path: Path, schema: Any) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        self.schema = schema
        # A dictionary of floats that hardly repeat costs five times what writing them does.
        labels = [field.name for field in schema if pa.types.is_dictionary(field.type)]
        self._path, self._part = path, path.with_name(path.name + ".part")
        self._writer = pq.ParquetWriter(
            self._part, schema, compression="zstd", use_dictionary=labels
        )
        self._buffer: list[Any] = []
        self._rows = 0

    def append(self, columns: Sequence[Any]) -> None:
        """Add rows given as columns in the order of the schema."""
        import pyarrow as pa

        batch = pa.record_batch(
            [
                column if isinstance(column, pa.Array) else pa.array(column, field.type)
                for column, field in zip(columns, self.schema, strict=True)
            ],
            schema=self.schema,
        )
        self._buffer.append(batch)
        self._rows += batch.num_rows
        if self._rows >= ROWS_PER_GROUP:
            self._flush()

    def finish(self) -> None:
        """Write what is left and give the file its name."""
        self._flush()
        self._writer.close()
        self._part.replace(self._path)

    def discard(self) -> None:
        """Close and remove the unfinished file."""
        with suppress(OSError):  # a full disk must not keep the rest from being cleaned up
            self._writer.close()
        self._part.unlink(missing_ok=True)

    def _flush(self) -> None:
        import pyarrow as pa

        if self._buffer:
            self._writer.write_table(
                pa.Table.from_batches(self._buffer, self.schema), row_group_size=4 * ROWS_PER_GROUP
            )
        self._buffer, self._rows = [], 0


def labels(texts: Sequence[str], times: int) -> Any:
    """Return a dictionary column that repeats `texts` so many times."""
    return coded(np.tile(np.arange(len(texts)), times), texts)


def coded(index: IntArray, texts: Sequence[str]) -> Any:
    """Return a dictionary column of the texts at `index`."""
    import pyarrow as pa

    return pa.DictionaryArray.from_arrays(
        pa.array(index, pa.int32()), pa.array(list(texts), pa.string())
    )
