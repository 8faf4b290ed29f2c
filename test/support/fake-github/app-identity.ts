import { generateKeyPairSync, type KeyObject, randomBytes } from "node:crypto";
import type { Permissions } from "./world/model.ts";

/** The GitHub App as its owner sees it, with its secrets. */
export interface AppIdentity {
  readonly id: number;
  readonly slug: string;
  readonly clientId: string;
  readonly botUserId: number;
  readonly botLogin: string;
  readonly hookId: number;
  readonly privateKeyPem: string;
  readonly publicKey: KeyObject;
  readonly webhookSecret: string;
  readonly permissions: Permissions;
  readonly events: readonly string[];
}

/** What `app.yml` asks for, and what the app is subscribed to. */
export const PERMISSIONS: Permissions = {
  metadata: "read",
  issues: "write",
  pull_requests: "write",
  contents: "write",
  checks: "write",
  actions: "read",
  statuses: "read",
};

export const EVENTS: readonly string[] = [
  "issues",
  "issue_comment",
  "pull_request",
  "pull_request_review",
  "pull_request_review_comment",
  "pull_request_review_thread",
  "check_run",
  "status",
  "push",
  "repository",
  "sub_issues",
  "issue_dependencies",
];

/** Making an RSA key takes a tenth of a second or more: one per process will do. */
let keys: { readonly privateKeyPem: string; readonly publicKey: KeyObject } | undefined;

/** A new app with a key and a secret of its own. */
export function createAppIdentity(granted: {
  readonly permissions?: Permissions;
  readonly events?: readonly string[];
}): AppIdentity {
  keys ??= createKeys();
  return {
    id: 1_482_237,
    slug: "baton",
    clientId: "Iv23liBatonBatonBato",
    botUserId: 199_204_311,
    botLogin: "baton[bot]",
    hookId: 561_224_827,
    ...keys,
    webhookSecret: randomBytes(32).toString("hex"),
    permissions: granted.permissions ?? PERMISSIONS,
    events: granted.events ?? EVENTS,
  };
}

function createKeys(): { readonly privateKeyPem: string; readonly publicKey: KeyObject } {
  const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  return { privateKeyPem: privateKey.export({ type: "pkcs1", format: "pem" }).toString(), publicKey };
}
