"""Reports: an answer with its chart, tables, reasons, ranges and sources as one file."""
