import { z } from "zod";
import { GitHubFailure } from "./errors.ts";
import { id } from "./fields.ts";
import type { Gateway } from "./gateway.ts";
import { ownerAndName, renamed } from "./place.ts";
import type { Actor, At } from "./types.ts";

export type Permission = "admin" | "maintain" | "write" | "triage" | "read" | "none";

export interface PermissionFound {
  readonly permission: Permission;
  /** Whether this account may push now. Nothing else decides who may start or steer (security.md T06). */
  readonly mayPush: boolean;
}

export type PolicyFile =
  | { readonly kind: "found"; readonly text: string; readonly sha: string; readonly branch: string }
  | { readonly kind: "absent"; readonly branch: string }
  /** A directory, a submodule, or no UTF-8 text. */
  | { readonly kind: "not_a_file"; readonly branch: string }
  | { readonly kind: "too_large"; readonly branch: string; readonly bytes: number };

export interface RepositoryCalls {
  permissionOf(at: At, actor: Pick<Actor, "id" | "login">): Promise<PermissionFound>;
  readPolicyFile(at: At): Promise<PolicyFile>;
}

const policyPath = ".github/agent.yml";
const policyMaxBytes = 64 * 1024;
const nobody: PermissionFound = { permission: "none", mayPush: false };

const levels = z.enum(["admin", "maintain", "write", "triage", "read", "none"]);
const permissionSchema = z.object({
  permission: levels,
  role_name: z.string().optional(),
  user: z.object({ id }).nullable(),
});
const repositorySchema = z.object({ id, default_branch: z.string().min(1) });
const contentSchema = z.union([
  z.object({ type: z.literal("file"), size: z.number(), sha: z.string(), encoding: z.string(), content: z.string() }),
  z.object({ type: z.string() }).transform(() => undefined),
  z.array(z.unknown()).transform(() => undefined),
]);

export function createRepositoryCalls(gateway: Gateway): RepositoryCalls {
  return {
    async permissionOf(at, actor) {
      const answer = await unlessMissing(
        gateway.read(at, {
          name: "read permission",
          schema: permissionSchema,
          send: (octokit) =>
            octokit.rest.repos.getCollaboratorPermissionLevel({ ...ownerAndName(at), username: actor.login }),
        }),
      );
      // The question is asked by login; a login that meanwhile belongs to somebody else must not lend its permission.
      if (answer === "missing" || answer.user?.id !== actor.id) return nobody;
      const role = levels.safeParse(answer.role_name);
      // `permission` knows no maintain, no triage and no custom role: it gives the base they build on.
      const mayPush = ["admin", "maintain", "write"].includes(answer.permission);
      return { permission: role.success ? role.data : answer.permission, mayPush };
    },
    async readPolicyFile(at) {
      const branch = await defaultBranchOf(gateway, at);
      const file = await unlessMissing(readContent(gateway, at, branch));
      if (file === "missing") return { kind: "absent", branch };
      if (file === undefined) return { kind: "not_a_file", branch };
      if (file.size > policyMaxBytes) return { kind: "too_large", branch, bytes: file.size };
      const text = textOf(file);
      return text === undefined ? { kind: "not_a_file", branch } : { kind: "found", text, sha: file.sha, branch };
    },
  };
}

/** The default branch, after making sure that this name still belongs to the repository we mean. */
async function defaultBranchOf(gateway: Gateway, at: At): Promise<string> {
  const repository = await gateway.read(at, {
    name: "read repository",
    schema: repositorySchema,
    send: (octokit) => octokit.rest.repos.get(ownerAndName(at)),
  });
  if (repository.id !== at.repository.id) throw renamed(at);
  return repository.default_branch;
}

function readContent(gateway: Gateway, at: At, ref: string) {
  return gateway.read(at, {
    name: "read policy file",
    schema: contentSchema,
    send: (octokit) => octokit.rest.repos.getContent({ ...ownerAndName(at), path: policyPath, ref }),
  });
}

function textOf(file: { readonly encoding: string; readonly content: string }): string | undefined {
  if (file.encoding !== "base64") return undefined;
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(Buffer.from(file.content, "base64"));
  } catch {
    return undefined;
  }
}

/** A plain 404 as a value. A redirect (the repository moved) stays a failure. */
async function unlessMissing<T>(reading: Promise<T>): Promise<T | "missing"> {
  try {
    return await reading;
  } catch (error) {
    if (error instanceof GitHubFailure && error.status === 404) return "missing";
    throw error;
  }
}
