import fc from "fast-check";
import type { Nodes } from "mdast";
import { fromMarkdown } from "mdast-util-from-markdown";
import { gfmFromMarkdown } from "mdast-util-gfm";
import { gfm } from "micromark-extension-gfm";
import { describe, expect, it } from "vitest";
import { fencedBlock, oneLine, plainText, publishText } from "../../src/text/publish-text.ts";
import { hostileText } from "./hostile-text.ts";

describe("agent text on GitHub", () => {
  it.each([
    ["Thanks @ann and @org/team, mail ann@b.example", "Thanks `@ann` and `@org/team`, mail ann@b.example"],
    ["**@ann** _@bob_", "**`@ann`** _`@bob`_"],
    ["Fixes #1, closes o/r#2, resolves GH-3", "Fixes `#1`, closes `o/r#2`, resolves `GH-3`"],
    ["Closes https://github.com/o/r/issues/4", "Closes `https://github.com/o/r/issues/4`"],
    ["[it](https://ghe.example/o/r/pull/3)", "it (`https://ghe.example/o/r/pull/3`)"],
    ["as in o/r@1234567", "as in `o/r@1234567`"],
    ["&#64;ann", "`@ann`"],
    ["\\@ann \\#12", "`@ann` `#12`"],
    ["a ` b @ann", "a \\` b `@ann`"],
    ["![secret](https://evil.example/p.png)", "(image left out)"],
    ["Vec<T> <!-- baton:1 --> <b>x</b>", "Vec&lt;T> &lt;!-- baton:1 --> &lt;b>x&lt;/b>"],
    ["[docs](https://x.example 'title')", "[docs](https://x.example)"],
    ["[run](javascript:alert(1))", "run"],
    ["/retest", "\\/retest"],
    ["```\n/retest\n@dependabot merge\n```", "```\n· /retest\ndependabot merge\n```"],
    ["@dependabot rebase", "`dependabot` rebase"],
    ["bors r+", "· bors r+"],
    ["\u001b[31mred\u001b[0m\u001b]8;;https://x.example\u0007link", "redlink"],
    ["a\u200bb\u{e0041}", "ab"],
    ["```js\nopen", "```js\nopen\n```"],
    ["`@ann` and `#1` in code", "`@ann` and `#1` in code"],
    ["Plain **text** with `code`, a - list and 1 < 2.", "Plain **text** with `code`, a - list and 1 < 2."],
  ])("turns %j into %j", (text, published) => {
    expect(publishText(text)).toBe(published);
  });

  it("notifies, links, loads and commands nothing, whatever the text", () => {
    fc.assert(
      fc.property(hostileText, (text) => {
        const published = publishText(text);
        expect(published).not.toMatch(/^[ \t]*\//m);
        for (const node of nodesOf(
          fromMarkdown(published, { extensions: [gfm()], mdastExtensions: [gfmFromMarkdown()] }),
        )) {
          expect(["html", "image", "imageReference", "definition"]).not.toContain(node.type);
          if (node.type === "text") expect(node.value).not.toMatch(/(?<![A-Za-z0-9])@[A-Za-z0-9]|(?<!&)#\d|\bGH-\d/i);
          if (node.type === "link") expect(node.url).not.toMatch(/issues\/1/);
        }
      }),
      { numRuns: 1500 },
    );
  });

  it("is at most 60,000 code points long, says so, and closes its fences", () => {
    const published = publishText(`# Result\n\n${"word ".repeat(5000)}\n\n\`\`\`ts\n${"😀\n".repeat(50_000)}`);
    expect([...published].length).toBeLessThanOrEqual(60_000);
    expect(published).toMatch(/\n```\n\n_\(truncated: [^\n]+\)_$/);
    expect(published.match(/^```/gm)).toHaveLength(2);
  });

  it("shows half a block as code, so that a cut never brings it to life", () => {
    const published = publishText(`\`@ann ${"x ".repeat(200)}\``, 300);
    expect([...published].length).toBeLessThanOrEqual(300);
    expect(published).toMatch(/^```text\n`@ann x/);
  });

  it("shows what cannot be made inert as one code block", () => {
    expect(publishText(`${">".repeat(300)} @ann`)).toMatch(/^```text\n>{300} @ann\n```$/);
  });

  it("fences code with more backticks than it contains", () => {
    expect(fencedBlock("a\n````\nb\n")).toBe("`````text\na\n````\nb\n`````");
  });
});

describe("one line", () => {
  it.each([
    ["Fix #12 for @ann\nand more", "Fix no. 12 for ann and more"],
    ["Use `Vec<T>` [x](https://x.example)", "Use 'Vec‹T>' [x] (https://x.example)"],
    ["/retest", "· /retest"],
    ["chore: bump [skip ci]", "chore: bump (skip ci)"],
    ["see https://github.com/o/r/issues/1", "see github.com/o/r/issues/1"],
    ["\u0000\ud800\u202e", ""],
  ])("turns %j into %j", (text, line) => {
    expect(oneLine(text, 100)).toBe(line);
  });

  it("is never longer than asked, in code points", () => {
    expect(oneLine("😀".repeat(100), 10)).toBe(`${"😀".repeat(9)}…`);
    fc.assert(
      fc.property(hostileText, (text) => [...oneLine(text, 20)].length <= 20 && !oneLine(text, 20).includes("\n")),
    );
  });
});

describe("text of a commit message", () => {
  it("references nothing and forges no trailer", () => {
    expect(plainText("Fixes #1 by @ann\n\nSigned-off-by: Ann\nskip-checks: true\nNote that: this stays")).toBe(
      "Fixes no. 1 by ann\n\n- Signed-off-by: Ann\n- skip-checks: true\nNote that: this stays",
    );
  });
});

function nodesOf(node: Nodes): readonly Nodes[] {
  // An address that became a mail link shows the same text and mentions nobody.
  if (node.type === "link" && node.url.startsWith("mailto:")) return [];
  return [node, ...("children" in node ? node.children.flatMap(nodesOf) : [])];
}
