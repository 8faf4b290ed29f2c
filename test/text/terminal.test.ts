import { describe, expect, it } from "vitest";
import { stripAnsi, tail } from "../../src/text/terminal.ts";

describe("a command's output", () => {
  it.each([
    ["colours", "\u001b[1;31mred\u001b[0m", "red"],
    ["8-bit controls", "\u009b31mred", "red"],
    ["hyperlinks", "\u001b]8;;https://x.example\u001b\\text\u001b]8;;\u0007", "text"],
    ["a title never closed", "a\u001b]0;evil\nb", "a\nb"],
    ["cursor movements", "a\u001b[2K\u001b[1Ab\u001b7\u001bM", "ab"],
    ["a lone escape", "a\u001b", "a"],
    ["carriage returns", "10%\r20%\r\ndone", "10%\n20%\ndone"],
  ])("loses %s", (_name, output, text) => {
    expect(stripAnsi(output)).toBe(text);
  });

  it("is shown from its end, with a word about the rest", () => {
    expect(tail("1\n2\n3\n4\n", { lines: 2, codePoints: 100 })).toBe("… 2 earlier lines left out\n3\n4");
    expect(tail("1\n2\n", { lines: 2, codePoints: 100 })).toBe("1\n2");
  });

  it("is cut by length too, within a line when it must be", () => {
    expect(tail("abcdefghij", { lines: 5, codePoints: 4 })).toBe("…hij");
    expect(tail("long line\nend", { lines: 5, codePoints: 5 })).toBe("… 1 earlier line left out\nend");
  });
});
