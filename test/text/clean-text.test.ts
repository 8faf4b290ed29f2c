import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { cleanText, unreadableText } from "../../src/text/clean-text.ts";
import { hostileText } from "./hostile-text.ts";

interface Row {
  readonly name: string;
  readonly text: string;
  readonly shown: string;
}

const rows = (file: string): readonly Row[] =>
  JSON.parse(readFileSync(new URL(`../fixtures/hostile-text/${file}`, import.meta.url), "utf8"));

describe("text for the agent", () => {
  it.each(rows("hidden.json"))("loses $name, and the removal is counted", ({ text, shown }) => {
    const cleaned = cleanText(text);
    expect(cleaned.text).toBe(shown);
    expect(cleaned.text).not.toContain("evil");
    expect(cleaned.removed).toBeGreaterThan(0);
  });

  it.each(rows("visible.json"))("keeps $name", ({ text, shown }) => {
    expect(cleanText(text).text).toBe(shown);
  });

  it("strips invisible characters inside code, where nothing else is touched", () => {
    expect(cleanText("```\na\u200b\u{e0041}b\n```")).toEqual({ text: "```\nab\n```", removed: 2 });
  });

  it("counts nothing for a clean text", () => {
    expect(cleanText("# Crash\n\nIt fails on `main`.\n")).toEqual({
      text: "# Crash\n\nIt fails on `main`.\n",
      removed: 0,
    });
  });

  it("is idempotent, whatever the text", () => {
    fc.assert(
      fc.property(hostileText, (text) => {
        const once = cleanText(text);
        expect(cleanText(once.text)).toEqual({ text: once.text, removed: 0 });
      }),
      { numRuns: 1500 },
    );
  });

  it("leaves no invisible character, whatever the text", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        expect(cleanText(text).text).not.toMatch(
          /(?![\n\t])[\p{Default_Ignorable_Code_Point}\p{Cf}\p{Co}\p{Cs}\p{Cn}\p{Cc}]/u,
        );
      }),
    );
  });

  it.each([
    ["65,536 emoji", "😀".repeat(65_536)],
    ["65,536 line feeds", "\n".repeat(65_536)],
    ["one word of 65,536 letters", "a".repeat(65_536)],
  ])("takes %s as they are", (_name, text) => {
    expect(cleanText(text)).toEqual({ text, removed: 0 });
  });

  it.each([
    ["a quote 65,536 deep", ">".repeat(65_536)],
    ["a list 21,000 deep", "1. ".repeat(21_000)],
    ["a deep quote with endless lazy lines", `${">".repeat(50)}${"a\n".repeat(30_000)}`],
    ["a deep indented list with endless lazy lines", `${indentedList(90)}${"a\n".repeat(20_000)}`],
    ["10,000 comments never closed", "a <!--".repeat(10_000)],
    ["16,000 links never closed", "[a](".repeat(16_000)],
    ["tags peeled one by one", `${"<".repeat(2000)}${"b>".repeat(2000)}`],
  ])("leaves out %s as a whole, soon, instead of parsing for minutes", (_name, text) => {
    const start = performance.now();
    expect(cleanText(text).text).toBe(unreadableText);
    expect(performance.now() - start).toBeLessThan(5000);
  });

  it.each([
    ["unbalanced stars", "*a_".repeat(21_000)],
    ["open brackets", "[".repeat(65_536)],
    ["open images", "![".repeat(32_000)],
    ["unfinished tags", '<div title="\n\n'.repeat(4000)],
    ["backslashes", "\\".repeat(65_536)],
  ])("reads 64 KiB of %s in bounded time", (_name, text) => {
    const start = performance.now();
    cleanText(text);
    expect(performance.now() - start).toBeLessThan(8000);
  });
});

function indentedList(depth: number): string {
  return Array.from({ length: depth }, (_, level) => `${"  ".repeat(level)}- x\n`).join("");
}
