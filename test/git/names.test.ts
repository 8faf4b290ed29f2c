import { spawnSync } from "node:child_process";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isBranchName, isOwnBranchName } from "../../src/git/index.ts";

const acceptedByGit = (name: string) =>
  !name.includes("\0") && spawnSync("git", ["check-ref-format", `refs/heads/${name}`]).status === 0;

describe("names of branches", () => {
  it("allows what the app makes from numbers and a pattern", () => {
    for (const name of ["agent/issue-7", "agent/issue-7-2", "bots/baton_7", "a", "issue.7"]) {
      expect(isOwnBranchName(name), name).toBe(true);
    }
  });

  it("refuses options, object names, other refs and tricks", () => {
    const bad = [
      "",
      "-f",
      "--exec=x",
      "HEAD",
      "@",
      "refs/heads/x",
      "a".repeat(40),
      "a/../b",
      "a..b",
      "a//b",
      "/a",
      "a/",
    ];
    const more = [
      "a.lock",
      "a.lock/b",
      ".a",
      "a/.b",
      "a.",
      "a b",
      "a\nb",
      "a:b",
      "+a",
      "a~1",
      "a^",
      "a@{1}",
      "a\\b",
      "ä",
    ];
    for (const name of [...bad, ...more]) expect(isOwnBranchName(name), JSON.stringify(name)).toBe(false);
  });

  it("lets other people's branches have any name that git allows", () => {
    for (const name of ["feature/ümlaut", "release+1", "fix#12", "v1@home"])
      expect(isBranchName(name), name).toBe(true);
  });

  it("never accepts a name that git refuses, or that holds anything but plain characters", () => {
    const piece = fc.constantFrom(
      "a",
      "agent",
      "-",
      ".",
      "..",
      "/",
      ".lock",
      "@{",
      "HEAD",
      "~",
      " ",
      ":",
      "\\",
      "é",
      "\n",
      "*",
    );
    const names = fc.oneof(
      fc.string(),
      fc.array(piece, { maxLength: 6 }).map((parts) => parts.join("")),
    );
    fc.assert(
      fc.property(names, (name) => {
        if (isOwnBranchName(name)) expect(name).toMatch(/^[A-Za-z0-9][A-Za-z0-9._/-]*$/);
        if (isOwnBranchName(name)) expect(isBranchName(name)).toBe(true);
        if (isBranchName(name)) expect(acceptedByGit(name), JSON.stringify(name)).toBe(true);
      }),
      { numRuns: 400, examples: [["agent/issue-1"], ["a.lock/b"], ["@"], ["a/.b"]] },
    );
  });
});
