import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { judgeProtected } from "../../src/git/protect.ts";

const protect = {
  deny: [".github/workflows/**", "secrets/*.key"],
  hold: [".github/**", "CODEOWNERS"],
  flag: ["**/package.json", "**/*lock*"],
};
const judge = (...paths: string[]) => judgeProtected(paths, protect);

describe("protected paths", () => {
  it("puts a path on the strongest list that names it", () => {
    expect(judge(".github/workflows/ci.yml", ".github/dependabot.yml", "web/package.json", "src/a.ts")).toEqual({
      denied: [".github/workflows/ci.yml"],
      held: [".github/dependabot.yml"],
      flagged: ["web/package.json"],
    });
  });

  it("does not look at case, nor at what Windows and macOS drop from a name", () => {
    for (const path of [
      ".GitHub/Workflows/CI.yml",
      ".github./workflows /ci.yml",
      ".git\u200chub/workflows/ci.yml",
      ".github/workflows::$INDEX_ALLOCATION/ci.yml",
      "\uff0egithub/workflows/ci.yml",
    ]) {
      expect(judge(path).denied, path).toEqual([path]);
    }
  });

  it("denies a file or link in the place of a directory above protected paths", () => {
    expect(judge(".github", ".github/workflows", "secrets").denied).toEqual([
      ".github",
      ".github/workflows",
      "secrets",
    ]);
    expect(judge(".git", "secret", "secrets2").denied).toEqual([]);
  });

  it("matches hidden files and directories below a star", () => {
    expect(judge(".hidden/.deep/package.json", "yarn.lock").flagged).toHaveLength(2);
  });

  it("takes extended and negated globs for plain text, so they can neither hang nor turn a list around", () => {
    const odd = { deny: ["!src/**", "+(a|aa)+$"], hold: [], flag: [] };
    expect(judgeProtected(["other/x", `${"a".repeat(5000)}!`], odd).denied).toEqual([]);
  });

  it("never accepts a path below a denied directory, however it is written", () => {
    const part = fc.stringMatching(/^[a-zA-Z0-9_.-]{1,8}$/).filter((text) => !/^\.+$/.test(text));
    const tree = fc.record({
      top: fc.array(part, { minLength: 1, maxLength: 3 }),
      rest: fc.array(part, { minLength: 1 }),
    });
    fc.assert(
      fc.property(tree, fc.array(part), fc.func(fc.boolean()), ({ top, rest }, others, isUpper) => {
        const glob = `${top.join("/")}/**`;
        const path = [...top, ...rest].join("/");
        const spelled = [...path].map((c, at) => (isUpper(at) ? c.toUpperCase() : c.toLowerCase())).join("");
        const verdict = judgeProtected([...others, spelled], { deny: ["x/y", glob], hold: [], flag: ["**"] });
        expect(verdict.denied).toContain(spelled);
        expect(verdict.flagged).not.toContain(spelled);
      }),
      { numRuns: 300 },
    );
  });
});
