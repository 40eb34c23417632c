export default { "job.title": "Import" };
