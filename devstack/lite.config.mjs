// Supabase Lite's configuration: auth and storage on the devstack's own PostgreSQL.
// Run as `lite start --config …` with DATABASE_URL, JWT_SECRET and PORT in the environment.
//
// A module instead of TOML for one reason: the connection. Lite's ready-made one, at the first
// request after any table has row level security, grants every API role everything in the schema
// public, for ever. That would hide every missing GRANT of a migration. `rlsState` set beforehand
// says "that is done", and what it does per request (role and claims, SET LOCAL) stays.
import { open } from "node:fs/promises";
import { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import { Kysely, PostgresDialect } from "kysely";
import pg from "pg";
import { PgliteConnection } from "@supabase/lite/pglite";

const { DATABASE_URL, JWT_SECRET, PORT, SITE_URL } = process.env;

// Lite wants dates and times as text, numerics and bigints as numbers where that is exact. What it
// reads as a timestamp it answers as it is, and clients take ISO 8601 only, as the platform has it.
const text = (value) => value;
const iso = (value) => value.replace(" ", "T").replace(/\+00$/, "Z");
const number = (value) => (String(Number(value)) === value ? Number(value) : value);
const names = pg.types.getTypeParser(1009); // name[], from the catalogs, reads like text[]
const parsers = {
  20: number, 1003: names, 1082: text, 1083: text, 1114: text, 1184: iso, 1266: text, 1700: number,
};
const types = { getTypeParser: (oid, format) => parsers[oid] ?? pg.types.getTypeParser(oid, format) };

// The class that Lite's PostgreSQL and PGlite connections share: SQL dialect, request context.
const PostgresConnection = Object.getPrototypeOf(PgliteConnection);

class PoolConnection extends PostgresConnection {
  constructor(pool) {
    super({});
    this.pool = pool;
    this.kysely = new Kysely({ dialect: new PostgresDialect({ pool }) });
    this.rlsState = "active";
  }

  async close() {
    await this.pool.end();
  }
}

const pool = new pg.Pool({ connectionString: DATABASE_URL, max: 10, types, options: "-c TimeZone=UTC" });
// Without a listener an idle connection that PostgreSQL drops would end this process.
pool.on("error", (error) => console.error("idle database connection lost:", error.message));

// Lite serves an object with the web stream of its file, which before Node 24 gives ArrayBuffers
// where an answer's body must be bytes (the download is empty), and never closes the file.
const anyFile = await open(fileURLToPath(import.meta.url));
Object.getPrototypeOf(anyFile).readableWebStream = function () {
  return Readable.toWeb(this.createReadStream());
};
await anyFile.close();

// Lite answers `signedUrl` with the full path; the platform, and hence every client, has
// `signedURL` (`url` for an upload), relative to /storage/v1.
function platformShape(link) {
  const path = link.signedUrl?.replace(/^\/storage\/v1/, "") || null;
  return { ...link, signedURL: path, url: path };
}

async function signedLinks(context, next) {
  await next();
  const { req, res } = context;
  if (req.method !== "POST" || !/^\/storage\/v1\/object\/(upload\/)?sign\//.test(req.path) || !res.ok) {
    return;
  }
  const links = await res.json();
  const repaired = Array.isArray(links) ? links.map(platformShape) : platformShape(links);
  context.res = undefined; // else Hono merges the old answer's Content-Length into the new one
  context.res = Response.json(repaired);
}

// Clients upload a file as a form. Lite reads forms of supabase-py only, and only in a POST; a plain
// body it always takes.
async function formFiles({ req }, next) {
  const isForm = req.header("content-type")?.startsWith("multipart/form-data");
  if (isForm && req.path.startsWith("/storage/v1/object/")) {
    const form = await req.raw.formData();
    const file = form.get("file") ?? form.get("");
    const headers = new Headers(req.raw.headers);
    headers.set("content-type", file.type || "application/octet-stream");
    headers.set("content-length", String(file.size));
    if (form.has("cacheControl")) headers.set("cache-control", `max-age=${form.get("cacheControl")}`);
    req.raw = new Request(req.raw.url, { method: req.method, headers, body: await file.arrayBuffer() });
  }
  await next();
}

export default {
  connection: new PoolConnection(pool),
  api: { port: Number(PORT) },
  db: { migrations: { enabled: false } },
  auth: {
    enabled: true,
    site_url: SITE_URL,
    jwt_secret: JWT_SECRET,
    jwt_expiry: 3600,
    enable_signup: true,
    email: { enable_confirmations: false },
  },
  storage: { enabled: true, file_size_limit: "50MiB" },
  studio: { enabled: false },
  options: { server: { middlewares: [signedLinks, formFiles] } },
};
