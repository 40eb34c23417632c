// A table as a CSV file, as the worker writes them: docs/EXPORTING.md.

/** Give a file to the reader's downloads. */
export function saveCsv(name, headings, rows) {
  const text = [headings, ...rows].map((row) => row.map(cellOf).join(",")).join("\r\n");
  const file = new Blob(["\ufeff", text, "\r\n"], { type: "text/csv;charset=utf-8" });
  const address = URL.createObjectURL(file);
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  link.click();
  URL.revokeObjectURL(address);
}

/** A cell: numbers with all their digits and a point; a text that a spreadsheet would compute stays one. */
function cellOf(value) {
  if (value === null || value === undefined) return "";
  if (typeof value === "number") return String(value);
  const text = /^\s*[=+\-@'\t\r]/.test(value) ? `'${value}` : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
