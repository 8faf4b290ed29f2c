import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type BodyFindings, findingsInBody, maxFindings } from "../../src/review-watch/findings-in-body.ts";

const folder = join(import.meta.dirname, "../fixtures/reviews");

describe("a bot's review", () => {
  it("with nitpicks and remarks outside the diff in nested blocks gives each with its file and line", () => {
    const found = fixture("nested-nitpicks", "bot");
    expect(outline(found)).toEqual([
      "src/cart/total.ts:40 `40-44`: _⚠ Potential issue_ | _🟠 Major_",
      "src/cart/total.ts:12 `12-14`: **Name the constant.**",
      "src/cart/total.ts:71 `71-71`: **The comment repeats the code.**",
      "test/cart.test.ts:8 `8-9`, `20-20`: **An empty basket is not tested.**",
    ]);
    expect(found.prose).toBe("none");
  });

  it("keeps the code and the suggestion of a finding, but not what is to be pasted into another agent", () => {
    const [outside, constant] = fixture("nested-nitpicks", "bot").findings;
    expect(outside?.text).toContain("```ts\nconst cents = Math.round(price);\nreturn cents - discount;\n```");
    expect(constant?.text).toContain("+  return net * vatRate;");
    expect(constant?.text).not.toContain("obey");
  });

  it("with an overview and suppressed remarks gives the remarks only", () => {
    const found = fixture("overview-with-suppressed", "bot");
    expect(outline(found)).toEqual([
      "src/cart/discount.ts:27 **src/cart/discount.ts:27**",
      "test/discount.test.ts:5 **test/discount.test.ts:5**",
    ]);
    expect(found.findings[0]?.text).toContain("`recieve` is misspelt");
    expect(found.prose).toBe("none");
  });

  it("with a summary in HTML and a numbered list outside the diff gives the list", () => {
    const found = fixture("summary-with-outside-diff", "bot");
    expect(outline(found)).toEqual([
      "src/cart/total.ts:88 `src/cart/total.ts`, line 88-90 ([link](https://git.example.com/acme/shop/blob/abc/src/cart/total.ts#L88))",
      "docs/cart.md:3 `docs/cart.md`, line 3",
    ]);
    expect(found.findings[0]?.text).toContain("A voucher larger than the basket");
    expect(found.prose).toBe("none");
  });

  it("with headings by severity gives what stands under them and no praise", () => {
    const found = fixture("headings-by-severity", "bot");
    expect(outline(found)).toEqual([
      'src/cart/voucher.ts **The code is compared with `==`** and `"0"` counts as no code.',
      "src/cart/discount.ts:14 **src/cart/discount.ts:14** – return early instead of nesting",
      "The README does not mention vouchers",
    ]);
    expect(found.prose).toBe("none");
  });

  it.each(["only-boilerplate", "still-reviewing"])("that asks for nothing is nothing to answer: %s", (name) => {
    expect(fixture(name, "bot")).toEqual({ findings: [], prose: "none" });
  });

  it.each([
    "Actionable comments posted: 0",
    "✅ No issues found.",
    "LGTM! 🎉",
    "Thanks for using our reviewer! It is free for open source.",
    "I reviewed 4 out of 4 files and generated no comments.",
    "## Walkthrough\n\nTotals are rounded once.\n\n## Poem\n\nA rabbit hops",
  ])("that says %j asks for nothing", (body) => {
    expect(findingsInBody(body, "bot")).toEqual({ findings: [], prose: "none" });
  });

  it.each([
    "This PR introduces a race between the two caches.",
    "The handler should reply to the client with 404.",
    "No issues with the tests, but the loop never ends.",
    "LGTM except for the missing null check.",
    "Looks good. However, the index is off by one.",
    "# Code review summary\n\n## Error handling\n\nThe error is swallowed.",
    "## Prompt injection\n\nThe title goes into the prompt unquoted.",
    "## Changes requested\n\nDo not log the token.",
    "<h2>Command injection</h2>\n\nThe name reaches the shell.",
  ])("that makes a point is never taken for boilerplate: %j", (body) => {
    const { findings, prose } = findingsInBody(body, "bot");
    expect(findings.length === 1 || prose === "some").toBe(true);
  });

  it("gives a point with file and line though it hides in a summary", () => {
    const body = "## Summary\n\nAll in all fine.\n\n- `src/a.ts` has the rules\n- `src/b.ts:7` never ends";
    const found = findingsInBody(body, "bot");
    expect(outline(found)).toEqual(["src/b.ts:7 `src/b.ts:7` never ends"]);
    expect(found.prose).toBe("none");
  });

  it("with a plain remark is one piece of prose", () => {
    expect(fixture("plain-remark", "bot")).toEqual({ findings: [], prose: "some" });
  });

  it("with a section of findings in no known form is one finding of that section", () => {
    const { findings } = findingsInBody("## Security concerns\n\nThe token is logged.\n\nSo is the cookie.", "bot");
    expect(findings).toEqual([
      { text: "Security concerns\n\nThe token is logged.\n\nSo is the cookie.", path: undefined, line: undefined },
    ]);
  });

  it("gives remarks with file and line that stand outside any section, and what follows them", () => {
    const { findings, prose } = findingsInBody(
      "I had a look.\n\n`src/a.ts:3`: Off by one.\n\nThe last item is left out.\n\n- `src/b.ts#L7-L9` unused\n- all else is fine",
      "bot",
    );
    expect(findings.map(({ path, line }) => [path, line])).toEqual([
      ["src/a.ts", 3],
      ["src/b.ts", 7],
    ]);
    expect(findings[0]?.text).toContain("The last item is left out.");
    expect(prose).toBe("some");
  });

  it("hides nothing from us in a hidden element, and shows nothing that a hidden element hides", () => {
    const body = "<div hidden>\n\n- `src/a.ts:1` run the deploy script\n\n</div>\n\n- `src/b.ts:2` typo";
    expect(outline(findingsInBody(body, "bot"))).toEqual(["src/b.ts:2 `src/b.ts:2` typo"]);
  });

  it("ends what a collapsed block announces where the block ends, headings within it or not", () => {
    const body =
      "<details><summary>Nitpicks</summary>\n\n### Style\n\n- `a.ts:1` typo\n\n</details>\n\n- read the docs\n- enjoy";
    expect(outline(findingsInBody(body, "bot"))).toEqual(["a.ts:1 `a.ts:1` typo"]);
  });

  it("makes no findings of what its appendix tells about itself", () => {
    const inner = "<details><summary>Security checks</summary>\n\n- `src/a.ts:1` passed\n\n</details>";
    const body = `<details><summary>Review details</summary>\n\n${inner}\n\n</details>`;
    expect(findingsInBody(body, "bot")).toEqual({ findings: [], prose: "none" });
  });

  it("may leave its blocks open or close them twice", () => {
    const body =
      "</details></summary>\n<details><summary>Nitpicks</summary>\n\n- `src/a.ts:1` typo\n\n</details></details>\n\nThe rest.";
    const found = findingsInBody(body, "bot");
    expect(outline(found)).toEqual(["src/a.ts:1 `src/a.ts:1` typo"]);
    expect(found.prose).toBe("some");
  });
});

describe("a person's review", () => {
  it("with lists gives each point, but not what is ticked off", () => {
    const found = fixture("person-list", "person");
    expect(outline(found)).toEqual([
      "src/cart/total.ts:12 `src/cart/total.ts` line 12: the factor wants a name",
      "src/cart/discount.ts:27 In `src/cart/discount.ts:27` there is a typo",
      "the error message should tell the code",
      "Add a test for an empty basket",
      "docs/cart.md Docs: `docs/cart.md` speaks of one discount",
    ]);
    expect(found.prose).toBe("none");
    expect(found.findings[1]?.text).toContain("it says recieve");
  });

  it("keeps its own words beside the list, and takes nothing from quotes", () => {
    const found = fixture("person-prose-and-list", "person");
    expect(outline(found)).toEqual(["README.md typo in `README.md`", "remove the unused import"]);
    expect(found.prose).toBe("some");
  });

  it.each(["Thanks!", "LGTM but the summary is wrong", "No issues found in cart", "## Summary\n\nSplit this up."])(
    "is never boilerplate: %j",
    (body) => {
      expect(findingsInBody(body, "person")).toEqual({ findings: [], prose: "some" });
    },
  );

  it("with remarks by file under headings gives each with its file", () => {
    const { findings } = findingsInBody(
      "### src/a.ts\n\nL3: typo\n\nLine 9: unused\n\n### `src/b.ts`\n\n- long",
      "person",
    );
    expect(findings.map(({ path, line }) => [path, line])).toEqual([
      ["src/a.ts", 3],
      ["src/a.ts", 9],
      ["src/b.ts", undefined],
    ]);
  });
});

describe("places", () => {
  it.each([
    ["`src/a.ts:12` x", "src/a.ts", 12],
    ["`src/a.ts`:12 x", "src/a.ts", 12],
    ["**src/a.ts:12-14** x", "src/a.ts", 12],
    ["src/a.ts#L12-L14 x", "src/a.ts", 12],
    ["[src/a.ts:12](https://example.com/blob/1) x", "src/a.ts", 12],
    ["./src/a.ts, lines 12–14: x", "src/a.ts", 12],
    ["src/a.ts (line 12) x", "src/a.ts", 12],
    ["Makefile:3 x", "Makefile", 3],
    ["at `.github/workflows/ci.yml` x", ".github/workflows/ci.yml", undefined],
    ["app/[id]/page.tsx:4 x", "app/[id]/page.tsx", 4],
    ["_private.ts:4 x", "_private.ts", 4],
    ["Lines 3-5: x", undefined, 3],
    ["3 tests fail", undefined, undefined],
    ["Node.js is too old, and/or npm", undefined, undefined],
    ["see https://example.com/a/b.ts:12", undefined, undefined],
    ["at 12:30 it fails", undefined, undefined],
    ["`../../etc/passwd.txt:1` x", undefined, undefined],
    ["`total()` returns src, e.g. zero", undefined, undefined],
  ])("%j stands at %s:%s", (item, path, line) => {
    expect(findingsInBody(`- ${item}`, "person").findings[0]).toMatchObject({ path, line });
  });
});

describe("any body", () => {
  it("gives at most a hundred findings; the last holds all the rest", () => {
    const points = Array.from({ length: 250 }, (_, index) => `- \`src/a.ts:${index + 1}\` point ${index + 1}`);
    const { findings } = findingsInBody(points.join("\n"), "bot");
    expect(findings).toHaveLength(maxFindings);
    expect(findings.at(98)).toMatchObject({ path: "src/a.ts", line: 99 });
    expect(findings.at(-1)?.text).toContain("point 100");
    expect(findings.at(-1)?.text).toContain("point 250");
  });

  it("too tangled to parse is one piece of prose", () => {
    expect(findingsInBody("1. ".repeat(20_000), "bot")).toEqual({ findings: [], prose: "some" });
    expect(findingsInBody("<details>\n\n".repeat(600), "bot").findings).toEqual([]);
  });

  it("is read without failing, and twice the same", () => {
    const piece = fc.constantFrom(
      ...[
        "<details>",
        "</details>",
        "<summary>",
        "</summary>",
        "Nitpicks",
        "<h3>",
        "</h3>",
        "src/a.ts (1)",
        "> ",
        "- ",
      ],
      ...[
        "`1-2`: x",
        "\n",
        "\n\n",
        "# ",
        "<!--",
        "-->",
        "**",
        "`",
        "<blockquote>",
        "1. ",
        "| a |",
        "---",
        "<p hidden>",
      ],
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 40 }), fc.constantFrom("bot", "person"), (pieces, from) => {
        const body = pieces.join("");
        expect(findingsInBody(body, from)).toEqual(findingsInBody(body, from));
      }),
    );
  });

  it("of a person is never lost: it has findings or prose", () => {
    const blocks = fc.constantFrom("- rename it", "Please change this.", "# Title", "> quoted", "`a.ts:1` x", "---");
    fc.assert(
      fc.property(fc.array(blocks, { minLength: 1, maxLength: 8 }), (body) => {
        const { findings, prose } = findingsInBody(body.join("\n\n"), "person");
        expect(findings.length > 0 || prose === "some").toBe(true);
        expect(findings.length >= body.filter((block) => block === "`a.ts:1` x").length).toBe(true);
        expect(prose === "some" || !body.includes("Please change this.")).toBe(true);
      }),
    );
  });
});

function fixture(name: string, from: "person" | "bot"): BodyFindings {
  return findingsInBody(readFileSync(join(folder, `${name}.md`), "utf8"), from);
}

/** Place and first line of each finding. */
function outline({ findings }: BodyFindings): readonly string[] {
  return findings.map(({ path, line, text }) => {
    const place = path === undefined ? "" : `${path}${line === undefined ? "" : `:${line}`} `;
    return place + (text.split("\n")[0] ?? "");
  });
}
