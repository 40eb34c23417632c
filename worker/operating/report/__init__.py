"""How imports went, as a document, a workbook or a picture, from the figures of the database."""

from worker.operating.report.contents import Column, Report, Sheet, report_of
from worker.operating.report.markdown import markdown

__all__ = ["Column", "Report", "Sheet", "markdown", "report_of"]
