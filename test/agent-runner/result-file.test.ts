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
