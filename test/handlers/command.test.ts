import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { commands, type ParsedComment, parseComment } from "../../src/handlers/command.ts";

const rows: readonly { readonly name: string; readonly text: string; readonly is: string }[] = JSON.parse(
  readFileSync(new URL("../fixtures/hostile-text/commands.json", import.meta.url), "utf8"),
);

describe("the first line of a comment", () => {
  it.each(rows)("with $name is $is", ({ text, is }) => {
    expect(inShort(parseComment(text))).toBe(is);
  });

  it("is followed by guidance, kept as written", () => {
    expect(parseComment("/agent run codex\r\n\r\nKeep `a`.\r\n> quote\r\n")).toEqual({
      kind: "command",
      wish: { verb: "run", profile: "codex" },
      guidance: "Keep `a`.\n> quote",
      where: "issue",
    });
  });

  it("with a bad argument is answered with the usage line of its verb", () => {
    expect(parseComment("/agent stop now")).toEqual({
      kind: "refused",
      refusal: { kind: "bad_argument", usage: "/agent stop", detail: "stop takes no argument." },
    });
  });

  it("names an unknown word in at most 40 characters", () => {
    expect(parseComment(`/agent ${"😀".repeat(65_000)}`)).toEqual({
      kind: "refused",
      refusal: { kind: "unknown_command", word: "😀".repeat(40) },
    });
  });

  it.each([
    ["65,536 emoji", "😀".repeat(65_536)],
    ["65,536 quotes and a command", `${">".repeat(65_536)} /agent run`],
    ["a deep list and a command", `${"1. ".repeat(20_000)}/agent run`],
    ["a command and 65,536 stars", `/agent run\n${"*a_".repeat(21_000)}`],
    ["a command and 65,536 brackets", `/agent run ${"[".repeat(65_536)}`],
  ])("is read quickly in %s", (_name, text) => {
    const start = performance.now();
    parseComment(text);
    expect(performance.now() - start).toBeLessThan(1000);
  });

  it("never makes the parser throw", () => {
    const texts = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.string({ unit: "binary" }).map((text) => `/agent${text}`),
      fc
        .array(fc.constantFrom("/agent", " run", "> ", "\n", "\r", "`", "#", "- ", "\ud800", "\u0000", "<!--", "|"))
        .map((p) => p.join("")),
    );
    fc.assert(fc.property(texts, (text) => ["none", "command", "refused"].includes(parseComment(text).kind)));
  });

  it("is documented for every verb by a usage line that is itself a command", () => {
    for (const { usage, verb, meaning } of commands) {
      expect(inShort(parseComment(usage.replace(/ \[.*\]/, ""), { replyTo: 1 }))).toBe(verb);
      expect(meaning).not.toBe("");
    }
  });
});

function inShort(parsed: ParsedComment): string {
  if (parsed.kind === "none") return "none";
  if (parsed.kind === "refused") return parsed.refusal.kind;
  const { wish } = parsed;
  return wish.verb === "run" && wish.profile ? `run ${wish.profile}` : wish.verb;
}
