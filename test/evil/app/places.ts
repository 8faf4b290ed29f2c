import { existsSync, readFileSync } from "node:fs";
import { sql } from "kysely";
import { carelessly } from "../plain-git.ts";
import type { Watched } from "./watch.ts";
import type { AppWorld } from "./world.ts";

/** Every place in which a canary must never be, as one text each. */
export type Places = Readonly<Record<Place, string>>;

export type Place =
  | "pull-request"
  | "comments-and-checks"
  | "branches"
  | "requests-to-github"
  | "transcript"
  | "store"
  | "log"
  | "command-lines"
  | "environments";

/** Reads all of them, when everything has settled. */
export async function readPlaces(world: AppWorld, watched: Watched): Promise<Places> {
  const { github, repository, baton } = world;
  const pulls = github.pullRequests(repository);
  const issues = repository.state.issues.map(({ number }) => github.conversation(repository, number));
  return {
    "pull-request": JSON.stringify(pulls.map(({ title, body, head }) => ({ title, body, head }))),
    "comments-and-checks": JSON.stringify([issues, github.checks(repository)]),
    branches: await everyObject(repository.directory),
    "requests-to-github": JSON.stringify(github.requests.map(({ path, body }) => [path, body])),
    transcript: await rowsOf(world, ["baton.run_event"]),
    store: await rowsOf(world, await tablesOf(world)),
    log: existsSync(baton.logFile) ? readFileSync(baton.logFile, "utf8") : "",
    "command-lines": [...watched.commandLines].join("\n"),
    environments: [...watched.environments].join("\n"),
  };
}

/** Commits, trees and files of a repository, as text. */
async function everyObject(directory: string): Promise<string> {
  const { stdout } = await carelessly(directory, "git cat-file --batch-all-objects --batch --unordered");
  return stdout;
}

async function tablesOf({ db }: AppWorld): Promise<readonly string[]> {
  const { rows } = await sql<{ name: string }>`
    select format('%I.%I', schemaname, tablename) as name from pg_tables
    where schemaname in ('baton', 'pgboss') and tablename <> 'run_event'`.execute(db);
  return rows.map(({ name }) => name);
}

async function rowsOf({ db }: AppWorld, tables: readonly string[]): Promise<string> {
  const texts = await Promise.all(
    tables.map(async (table) => {
      const { rows } = await sql<{ row: string }>`select to_jsonb(t)::text as row from ${sql.raw(table)} t`.execute(db);
      return rows.map(({ row }) => row).join("\n");
    }),
  );
  return texts.join("\n");
}

/** A secret in the forms in which it could be hidden. */
export function formsOf(secret: string): readonly string[] {
  const bytes = Buffer.from(secret);
  return [
    secret,
    [...secret].reverse().join(""),
    bytes.toString("hex"),
    ...[0, 1, 2].map((shift) => base64At(bytes, shift)),
  ];
}

/** What stays the same in base64 whatever stands around it. */
function base64At(bytes: Buffer, shift: number): string {
  const text = Buffer.concat([Buffer.alloc(shift), bytes])
    .toString("base64")
    .replace(/=+$/, "");
  return text.slice(shift === 0 ? 0 : 4, -2);
}
