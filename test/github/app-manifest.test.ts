import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { permissionsFor } from "../../src/github/tokens.ts";

interface Manifest {
  readonly public: boolean;
  readonly default_permissions: Record<string, "read" | "write">;
  readonly default_events: readonly string[];
}

const manifest = parse(readFileSync(new URL("../../app.yml", import.meta.url), "utf8")) as Manifest;

/** GitHub's documentation of webhook events: an app needs at least read access to one of these to subscribe. */
const permissionsByEvent: Record<string, readonly string[]> = {
  issues: ["issues"],
  issue_comment: ["issues", "pull_requests"],
  pull_request: ["pull_requests"],
  pull_request_review: ["pull_requests"],
  pull_request_review_comment: ["pull_requests"],
  pull_request_review_thread: ["pull_requests"],
  check_run: ["checks"],
  status: ["statuses"],
  push: ["contents"],
  repository: ["metadata"],
  sub_issues: ["issues"],
  issue_dependencies: ["issues"],
};

describe("the manifest", () => {
  test.each(manifest.default_events)("the event %s is covered by a permission that is asked for", (event) => {
    const enough = permissionsByEvent[event] ?? [];
    expect(enough.filter((permission) => permission in manifest.default_permissions)).not.toEqual([]);
  });

  test("no event is listed twice, and none that GitHub sends unasked", () => {
    expect(new Set(manifest.default_events).size).toBe(manifest.default_events.length);
    expect(manifest.default_events).not.toContain("installation");
    expect(manifest.default_events).not.toContain("installation_repositories");
  });

  test("the app is private and asks for exactly these permissions", () => {
    expect(manifest.public).toBe(false);
    expect(manifest.default_permissions).toEqual({
      metadata: "read",
      issues: "write",
      pull_requests: "write",
      contents: "write",
      checks: "write",
      actions: "read",
      statuses: "read",
    });
  });

  test.each(Object.entries(permissionsFor))(
    "a %s token asks for no more than the manifest grants",
    (_purpose, wanted) => {
      for (const [permission, access] of Object.entries(wanted)) {
        const granted = manifest.default_permissions[permission];
        expect(granted === "write" || granted === access, permission).toBe(true);
      }
    },
  );

  test("only the push token can write to the repository, and it can do nothing else", () => {
    expect(permissionsFor.push).toEqual({ metadata: "read", contents: "write" });
    expect(permissionsFor.read.contents).toBe("read");
    expect(permissionsFor.converse.contents).toBe("read");
  });
});
