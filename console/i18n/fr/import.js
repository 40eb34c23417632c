export default { "import.title": "Importer" };
