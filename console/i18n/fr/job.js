export default { "job.title": "Importation" };
