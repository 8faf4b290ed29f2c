import { describe, expect, it } from "vitest";
import { parsePolicy } from "../src/policy-file.ts";

const bounds = { defaultBranch: "trunk", allowedHosts: ["packages.example.com"] };

function problemsOf(text: string): string {
  const read = parsePolicy(text, bounds);
  if (read.kind === "ok") throw new Error("It was accepted.");
  return read.problems.join("\n");
}

describe("a repository's policy", () => {
  it("is all defaults when the file is empty", () => {
    expect(parsePolicy("", bounds)).toMatchSnapshot();
  });

  it("may ask for a host the operator allows", () => {
    const read = parsePolicy("setup: { run: [npm ci], network: [packages.example.com] }", bounds);
    expect(read).toMatchObject({
      kind: "ok",
      value: { setup: { run: ["npm ci"], network: ["packages.example.com"] } },
    });
  });

  it("can never open the workflows, whatever it protects", () => {
    const read = parsePolicy("protect: { deny: [], hold: [], flag: [] }", bounds);
    expect(read).toMatchObject({
      kind: "ok",
      value: { protect: { deny: [".github/workflows/**"], hold: [], flag: [] } },
    });
  });

  it.each([
    ["an unknown key", "lable: agent", 'line 1, column 1: Unrecognized key: "lable"'],
    ["an unknown key inside", "verify:\n  runs: []", 'line 2, column 3: `verify`: Unrecognized key: "runs"'],
    [
      "a wrong type",
      "verify:\n  run: npm test",
      "line 2, column 8: `verify.run`: Invalid input: expected array, received string",
    ],
    [
      "a host the operator does not allow",
      "setup: { network: [evil.example] }",
      "`setup.network`: `evil.example` is not on the operator's list; ask for `sandbox.network` or `repositories.<name>.network` in baton.yml",
    ],
    [
      "an absurd number of tries",
      "verify: { attempts: 99 }",
      "line 1, column 21: `verify.attempts`: Too big: expected number to be <=3",
    ],
    ["a branch pattern without the number", "branch: agent", "line 1, column 9: `branch`: must contain {number}"],
    [
      "a branch pattern that is no branch name",
      "branch: 'agent/../{number}'",
      "line 1, column 9: `branch`: must be a plain branch name",
    ],
    ["a list where settings belong", "- label", "line 1, column 1: Invalid input: expected object, received array"],
    [
      "broken YAML",
      "label: [",
      "line 1, column 9: Flow sequence in block collection must be sufficiently indented and end with a ]",
    ],
  ])("is refused with line and column for %s", (_, text, problem) => {
    expect(problemsOf(text)).toContain(problem);
  });

  it("is refused when it is absurdly large", () => {
    expect(problemsOf(`rules: "${"x".repeat(70_000)}"`)).toBe("larger than 64 KiB");
  });
});
