"""TSV: as CSV, with tabs between the cells; one with a tab or a line break in it is quoted."""

from worker.exporting.formats.csv_file import CsvWriter


class TsvWriter(CsvWriter):
    """A TSV file."""

    delimiter = "\t"
