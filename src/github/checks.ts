import { z } from "zod";
import { created, id } from "./fields.ts";
import type { Gateway } from "./gateway.ts";
import { ownerAndName } from "./place.ts";
import type { At } from "./types.ts";

/** Never `neutral` or `skipped`: both satisfy a required check (github.md §2). */
export type CheckConclusion = "success" | "failure" | "cancelled" | "timed_out" | "action_required";

export interface CheckReport {
  /** `in_progress` is no conclusion yet; a check that had one loses it. */
  readonly conclusion: CheckConclusion | "in_progress";
  readonly title: string;
  readonly summary: string;
  readonly text?: string | undefined;
  readonly detailsUrl?: string | undefined;
}

export interface NewCheck extends CheckReport {
  readonly name: string;
  readonly headSha: string;
  /** Our own key, by which {@link CheckCalls.findCheck} recognises it. */
  readonly externalId: string;
}

export interface CheckFound {
  readonly id: number;
  readonly conclusion: string | undefined;
}

export interface CheckCalls {
  findCheck(at: At, sha: string, key: Pick<NewCheck, "name" | "externalId">): Promise<CheckFound | undefined>;
  createCheck(at: At, check: NewCheck): Promise<{ readonly id: number }>;
  updateCheck(at: At, check: number, report: CheckReport): Promise<void>;
}

const checksSchema = z
  .object({
    check_runs: z.array(
      z.object({
        id,
        name: z.string(),
        head_sha: z.string(),
        external_id: z.string().nullable(),
        conclusion: z.string().nullable(),
        app: z.object({ id }).nullable(),
      }),
    ),
  })
  .transform((answer) => answer.check_runs);

export function createCheckCalls(gateway: Gateway, appId: number): CheckCalls {
  return {
    async findCheck(at, sha, { name, externalId }) {
      const checks = await gateway.readAll(at, {
        name: "list checks",
        maxPages: 10,
        schema: checksSchema,
        send: (octokit, page) => {
          const ours = { check_name: name, app_id: appId, filter: "all" } as const;
          return octokit.rest.checks.listForRef({ ...ownerAndName(at), ref: sha, ...ours, ...page });
        },
      });
      const found = checks.find(
        (each) =>
          each.external_id === externalId && each.name === name && each.head_sha === sha && each.app?.id === appId,
      );
      return found && { id: found.id, conclusion: found.conclusion ?? undefined };
    },
    createCheck: (at, { name, headSha, externalId, ...report }) =>
      gateway.write(at, {
        name: "create check",
        schema: created,
        send: (octokit) => {
          const key = { name, head_sha: headSha, external_id: externalId };
          return octokit.rest.checks.create({ ...ownerAndName(at), ...key, ...reported(report) });
        },
      }),
    async updateCheck(at, check_run_id, report) {
      await gateway.write(at, {
        name: "update check",
        schema: created,
        send: (octokit) => octokit.rest.checks.update({ ...ownerAndName(at), check_run_id, ...reported(report) }),
      });
    },
  };
}

function reported({ conclusion, title, summary, text, detailsUrl }: CheckReport) {
  const isOpen = conclusion === "in_progress";
  return {
    ...(isOpen ? { status: conclusion } : { status: "completed" as const, conclusion }),
    output: { title, summary, ...(text === undefined ? {} : { text }) },
    ...(detailsUrl === undefined ? {} : { details_url: detailsUrl }),
  };
}
