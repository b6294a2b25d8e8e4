"""Files that people bring: prices and holdings as CSV or Parquet, requests and problems as JSON or YAML."""
