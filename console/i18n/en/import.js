export default { "import.title": "Import" };
