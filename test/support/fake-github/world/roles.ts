import type { Account, Repository, Role } from "./model.ts";

const ORDER: readonly Role[] = ["read", "triage", "write", "maintain", "admin"];

/** What somebody may do here. On a public repository everybody may read; other apps are installed with write. */
export function roleOf(repository: Repository, account: Account): Role | undefined {
  if (account.type === "Bot") return "write";
  return repository.people.get(account.id) ?? (repository.isPrivate ? undefined : "read");
}

/** Whether a role covers another. */
export function covers(role: Role | undefined, wanted: Role): boolean {
  return role !== undefined && ORDER.indexOf(role) >= ORDER.indexOf(wanted);
}

/** Throws when the web pages would not offer this to that person: then the test is wrong, not Baton. */
export function mustBe(repository: Repository, account: Account, wanted: Role): void {
  const role = roleOf(repository, account);
  if (!covers(role, wanted)) {
    throw new Error(`${account.login} has ${role ?? "no"} access to ${repository.name}: this needs ${wanted}`);
  }
}

/** People change what is their own; with write access anybody's, the app's too. */
export function mustOwnOrWrite(repository: Repository, account: Account, author: Account): void {
  if (author !== account) mustBe(repository, account, "write");
}

/** The four words of GitHub's older permission field. */
export function legacyPermission(role: Role | undefined): "admin" | "write" | "read" | "none" {
  if (role === undefined) return "none";
  if (role === "maintain") return "write";
  return role === "triage" ? "read" : role;
}
