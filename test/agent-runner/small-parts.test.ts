import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { findAgentProgram } from "../../src/agent-runner/agent-program.ts";
import { isSignOfLife } from "../../src/agent-runner/liveness.ts";
import { runTool } from "../../src/agent-runner/process.ts";
import { shellWords } from "../../src/agent-runner/sandbox/launcher.ts";
import { badNetworkEntries, blockedHostIn } from "../../src/agent-runner/sandbox/network.ts";
import { collectOutput } from "../../src/agent-runner/sandbox/output.ts";

describe("a network list", () => {
  it("takes names and addresses, with or without a port", () => {
    expect(
      badNetworkEntries(["packages.example.com", "a.b:8080", "127.0.0.2:4711", "[::1]:80", "localhost", "my_host"]),
    ).toEqual([]);
  });

  it("refuses patterns, URLs and nonsense", () => {
    const bad = [
      "*",
      "*.example.com",
      "https://example.com",
      "",
      "a b",
      "a/b",
      "a:99999",
      "a:",
      "-",
      ".",
      "10.0.0.0/8",
      "a\nb",
    ];
    expect(badNetworkEntries(bad)).toEqual(bad);
  });

  it("names a blocked host from what the proxy noted, and from nothing else", () => {
    expect(blockedHostIn("deny network-outbound a.example.com:443 (host is not on the allow list)")).toBe(
      "a.example.com:443",
    );
    expect(blockedHostIn("deny file-write /x:1 (no)")).toBeUndefined();
    expect(blockedHostIn(`deny network-outbound ${"a".repeat(400)}:1 (no)`)).toBeUndefined();
  });
});

describe("a sign of life", () => {
  const before = { atMs: 0, outputBytes: 10, signs: 3, cpuSeconds: 5, processes: "1,2" };
  it.each([
    ["output", { outputBytes: 11 }, true],
    ["bytes of a model seen elsewhere", { signs: 4 }, true],
    ["a process that came", { processes: "1,2,3" }, true],
    ["work of a processor", { cpuSeconds: 5.3 }, true],
    ["an idle runtime's timers", { cpuSeconds: 5.1 }, false],
    ["nothing", {}, false],
  ])("%s: %o is %s", (_what, change, alive) => {
    expect(isSignOfLife(before, { ...before, atMs: 10_000, ...change })).toBe(alive);
  });
});

describe("collected output", () => {
  const collect = (chunks: readonly (string | Buffer)[]) => {
    const lines: string[] = [];
    const output = collectOutput((batch) => lines.push(...batch));
    const stream = output.stream();
    for (const chunk of chunks) stream.push(Buffer.from(chunk));
    stream.end();
    output.flush();
    return { lines, tail: output.tail(), total: output.total() };
  };

  it("is the same lines however it arrives", () => {
    fc.assert(
      fc.property(
        fc.array(fc.string({ unit: "grapheme" }).map((line) => line.replaceAll(/[\p{C}\n]/gu, ""))),
        fc.nat(40),
        (lines, size) => {
          const bytes = Buffer.from(lines.map((line) => `${line}\n`).join(""));
          const chunks = Array.from({ length: Math.ceil(bytes.length / (size + 1)) }, (_, at) =>
            bytes.subarray(at * (size + 1), (at + 1) * (size + 1)),
          );
          expect(collect(chunks).lines).toEqual(lines);
        },
      ),
    );
  });

  it("loses terminal sequences and control characters", () => {
    expect(
      collect(["\u001b[31mred\u001b[0m \u001b]8;;http://x\u0007link\u001b]8;;\u0007 \u0000\u0008bell\u0007\r\n"]).lines,
    ).toEqual(["red link bell"]);
  });

  it("stays small whatever comes", () => {
    const { lines, tail, total } = collect([...Array.from({ length: 200 }, () => Buffer.alloc(50_000, "x")), "end\n"]);
    expect(total).toBe(10_000_004);
    expect(lines.join("").length).toBeLessThan(5_000_000);
    expect(lines.at(-1)).toBe("[more output is not shown]");
    expect(tail.length).toBeLessThanOrEqual(65_536);
    expect(tail).toMatch(/xend\n$/);
  });
});

describe("words for a shell", () => {
  it("come back as they were", async () => {
    const words = ["plain", "two words", "it's", "$HOME `id` $(id)", 'q"q', "\\", "line\nbreak", "", "*", "ü🦊"];
    const done = await runTool({ argv: ["/bin/sh", "-c", `printf '%s|' ${shellWords(words)}`], cwd: "/", env: {} }, 5);
    expect(done.stdout).toBe(words.map((word) => `${word}|`).join(""));
  });
});

describe("what is opened for an agent's program", () => {
  it("is the directory of the program and of scripts in its arguments, unless something hidden lies there", async () => {
    const dir = mkdtempSync(join(tmpdir(), "bt-"));
    for (const name of ["tool/run", "mixed/run", "scripts/a.mjs"]) {
      mkdirSync(join(dir, name, ".."), { recursive: true });
      writeFileSync(join(dir, name), "", { mode: 0o755 });
    }
    const reads = async (...command: readonly string[]) => {
      const found = await findAgentProgram(
        command.map((word) => (word.includes("/") ? join(dir, word) : word)),
        [join(dir, "mixed", "data")],
      );
      return found.kind === "found" ? found.reads.map((path) => path.slice(dir.length)) : found.kind;
    };
    expect(await reads("tool/run", "--flag", "scripts/a.mjs", "no/such")).toEqual(["/tool", "/scripts"]);
    expect(await reads("mixed/run")).toEqual(["/mixed/run"]);
    expect(await reads("nothing/here")).toBe("missing");
    expect(await reads("relative")).toBe("missing");
    rmSync(dir, { recursive: true });
  });
});
