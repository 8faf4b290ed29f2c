import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readResultFile } from "../../src/agent-runner/result-file.ts";

describe("the result file", () => {
  let dir: string;
  let path: string;
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), "bt-"));
    path = join(dir, "result.json");
  });
  afterEach(() => rmSync(dir, { recursive: true }));

  it("is read with what we know of it; other keys are dropped", async () => {
    writeFileSync(path, JSON.stringify({ title: "t", not_done: ["x"], extra: { deep: 1 } }));
    expect(await readResultFile(path)).toEqual({ kind: "read", result: { title: "t", not_done: ["x"] } });
  });

  it("has answers to feedback, of which only those are dropped that are no use", async () => {
    const answers = [
      { id: "thread-1", answer: "fixed", text: " Done. ", extra: 1 },
      { id: " review-2-1 ", answer: "Declined", text: "No.\u0000\u001b[31m\u0007\u009b\nBecause." },
      { id: "thread-3", answer: "duplicate", of: "thread-1" },
      { id: "thread-4", answer: "done", text: "no such answer" },
      { id: 5, answer: "fixed" },
      { id: "thread-6", answer: "question", text: 7, of: {} },
      { id: "x".repeat(300), answer: "fixed" },
      "fixed",
      null,
    ];
    writeFileSync(path, JSON.stringify({ answers }));
    expect(await readResultFile(path)).toEqual({
      kind: "read",
      result: {
        answers: [
          { id: "thread-1", answer: "fixed", text: "Done." },
          { id: "review-2-1", answer: "declined", text: "No.\nBecause." },
          { id: "thread-3", answer: "duplicate", text: "", of: "thread-1" },
          { id: "thread-6", answer: "question", text: "", of: undefined },
        ],
      },
    });
  });

  it("has bounded answers, in text that can be stored", async () => {
    const long = { id: "thread-1", answer: "declined", text: `${"x".repeat(3999)}\u{1f600}` };
    const many = Array.from({ length: 2000 }, (_, n) => ({ id: `t-${n}`, answer: "fixed" }));
    writeFileSync(path, JSON.stringify({ answers: [long, ...many] }));
    const read = await readResultFile(path);
    const { answers = [] } = read.kind === "read" ? read.result : {};
    expect(answers).toHaveLength(1000);
    expect(answers[0]?.text).toBe(`${"x".repeat(3999)}\ufffd`);
    writeFileSync(path, '{"answers":{"thread-1":"fixed"},"title":"t"}');
    expect(await readResultFile(path)).toEqual({ kind: "read", result: { title: "t", answers: [] } });
  });

  it("may be missing", async () => {
    expect(await readResultFile(path)).toEqual({ kind: "absent" });
  });

  const unfit: readonly (readonly [string, () => void, string])[] = [
    ["wrong types", () => writeFileSync(path, '{"title":7}'), "title"],
    ["a title beyond the cap", () => writeFileSync(path, JSON.stringify({ title: "x".repeat(301) })), "title"],
    ["a list", () => writeFileSync(path, "[]"), "expected object"],
    ["no JSON", () => writeFileSync(path, "{title"), "not JSON"],
    ["bytes that are no text", () => writeFileSync(path, Buffer.from([0x22, 0xff, 0x22])), "UTF-8"],
    ["far too much", () => writeFileSync(path, Buffer.alloc(300_000, "x")), "larger than"],
    ["a link to another file", () => symlinkSync("/etc/passwd", path), "not a readable file"],
    ["a pipe nobody writes to", () => execFileSync("mkfifo", [path]), "not a regular file"],
    ["a device", () => symlinkSync("/dev/zero", path), "not a readable file"],
  ];
  it.each(unfit)("is malformed when it is %s", async (_what, make, detail) => {
    make();
    expect(await readResultFile(path)).toEqual({ kind: "malformed", detail: expect.stringContaining(detail) });
  });
});
