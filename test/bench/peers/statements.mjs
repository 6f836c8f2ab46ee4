// statements.mjs NPM_FOLDER OUT: write what graphile-worker and pg-boss send to the
// server, as they say it themselves: their schemas, and the statements with which
// they fetch, complete and add jobs.  Nothing is transcribed; the functions that
// build the statements are called, with a client that keeps what it is given.
import { mkdirSync, writeFileSync, readFileSync } from "fs";
import { pathToFileURL } from "url";

const [folder, out] = process.argv.slice(2);
const load = (path) => import(pathToFileURL(`${folder}/node_modules/${path}`).href);
mkdirSync(out, { recursive: true });
const write = (name, text) => writeFileSync(`${out}/${name}`, text.trim() + "\n");
const version = (name) => JSON.parse(readFileSync(`${folder}/node_modules/${name}/package.json`)).version;

// ---- graphile-worker: one task, no named queues, prepared statements as by default

const { migrations } = await load("graphile-worker/dist/generated/sql.js");
const { batchGetJobs } = await load("graphile-worker/dist/sql/getJobs.js");
const { batchCompleteJobs } = await load("graphile-worker/dist/sql/completeJobs.js");
const { makeAddJobs } = await load("graphile-worker/dist/helpers.js");

const schema = "graphile_worker";
const kept = [];
const client = {
  query: async (query) => {
    const text = typeof query === "string" ? query : query.text;
    kept.push(text);
    return { rows: /^select id, identifier/.test(text) ? [{ id: 1, identifier: "touch" }] : [] };
  },
};
const withClient = Object.assign((work) => work(client), { withRetries: (work) => work(client) });
const options = {
  escapedWorkerSchema: schema,
  workerSchema: schema,
  resolvedPreset: { worker: { preparedStatements: true, useNodeTime: false } },
  logger: console,
};
const last = async (work) => {
  await work();
  return kept[kept.length - 1];
};

write("graphile-worker.version", version("graphile-worker"));
write(
  "graphile-worker.schema.sql",
  `create schema ${schema};
create table ${schema}.migrations (id int primary key, ts timestamptz default now() not null, breaking boolean not null default false);\n` +
    Object.keys(migrations).sort().map((file) => `begin;\n${migrations[file].replace(/:GRAPHILE_WORKER_SCHEMA\b/g, schema)}\n;commit;\n`).join(""),
);
write("graphile-worker.fetch-one.sql", await last(() => batchGetJobs(options, withClient, { touch: true }, "worker", null, 1)));
write("graphile-worker.fetch-many.sql", await last(() => batchGetJobs(options, withClient, { touch: true }, "worker", null, 100)));
write("graphile-worker.complete-one.sql", await last(() => batchCompleteJobs(options, withClient, "worker", [{ id: 1 }])));
write("graphile-worker.complete-many.sql", await last(() => batchCompleteJobs(options, withClient, "worker", [{ id: 1 }, { id: 2 }])));
write("graphile-worker.add.sql", await last(() => makeAddJobs(options, withClient)([], false).catch(() => {})));

// ---- pg-boss: one queue with the policy standard; workers settle what they fetched, fenced

const plans = await load("pg-boss/dist/plans.js");
const schemaVersion = JSON.parse(readFileSync(`${folder}/node_modules/pg-boss/package.json`)).pgboss?.schema;
const boss = "pgboss";
write("pg-boss.version", version("pg-boss"));
write(
  "pg-boss.schema.sql",
  plans.create(boss, schemaVersion ?? 0, { createSchema: true }) +
    ";\n" + plans.createQueue(boss, "touch", { policy: "standard" }, true),
);
for (const [name, limit] of [["one", 1], ["many", 100]]) {
  write(`pg-boss.fetch-${name}.sql`, plans.fetchNextJob({ schema: boss, table: "job_common", name: "touch", policy: "standard", limit }).text);
}
write("pg-boss.complete.sql", plans.completeJobs(boss, "job_common", false, true));
write("pg-boss.add.sql", plans.insertJobs(boss, { table: "job_common", name: "touch", returnId: false }));
