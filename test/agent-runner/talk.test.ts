import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type OpenBox, openBox } from "../../src/agent-runner/sandbox/box.ts";
import { claimIdentity, type Identity, releaseIdentity } from "../../src/agent-runner/sandbox/identity.ts";
import type { SandboxCommand } from "../../src/agent-runner/sandbox/protocol.ts";

const limits = { memoryMb: 512, pids: 64, diskMb: 50 };
const command: SandboxCommand = {
  argv: ["/bin/cat"],
  cwd: "/",
  env: { PATH: "/usr/bin:/bin" },
  stdin: "",
  read: [],
  write: [],
  denyWrite: [],
  network: [],
  limits: { ...limits, fileMb: 10, wallMs: 30_000, idleMs: 30_000 },
};
const bash = (script: string) => ({ ...command, argv: ["/bin/bash", "-c", script] as const });

describe("a command that is talked with", () => {
  let root: string;
  let identity: Identity;
  let box: OpenBox;
  let output: string[];
  beforeEach(async () => {
    root = mkdtempSync(join(tmpdir(), "bt-"));
    identity = await claimIdentity("srt");
    output = [];
    const opened = await openBox({
      root,
      box: { driver: "srt", limits },
      identity,
      reach: [],
      onOutput: (lines) => output.push(...lines),
      onWarning: () => {},
    });
    if (opened.kind === "refused") throw new Error(opened.detail);
    box = opened.box;
  });
  afterEach(async () => {
    await box.close();
    releaseIdentity(identity);
    rmSync(root, { recursive: true });
  });

  it("hears and answers line by line, until it is told no more", async () => {
    const said: string[] = [];
    const conversation = box.talk(command, (line) => {
      said.push(line);
      if (said.length === 2) conversation.hush();
    });
    conversation.say("first 🦊");
    conversation.say("second");
    expect(await conversation.end).toMatchObject({ kind: "exited", code: 0, tail: "" });
    expect(said).toEqual(["first 🦊", "second"]);
    expect(output).toEqual([]);
  });

  it("keeps its words apart from what it prints for people", async () => {
    const said: string[] = [];
    const conversation = box.talk(bash("echo to us; echo to people >&2; printf 'no end of line'; exit 3"), (line) =>
      said.push(line),
    );
    expect(await conversation.end).toMatchObject({ kind: "exited", code: 3, tail: "to people\n" });
    expect(said).toEqual(["to us", "no end of line"]);
    expect(output).toEqual(["to people"]);
  });

  it("is followed by others in the same sandbox, which hear nothing that was meant for it", async () => {
    const conversation = box.talk(bash("read line; echo $line; sleep 1000"), () => conversation.kill());
    conversation.say("go");
    expect(await conversation.end).toMatchObject({ kind: "exited", code: 137 });
    for (const late of [conversation.hush, conversation.kill, conversation.alive]) late();
    conversation.say("late");
    const next = box.talk(command, () => {});
    next.hush();
    expect(await next.end).toMatchObject({ kind: "exited", code: 0 });
    expect(await box.run(bash("echo plain; cat"))).toMatchObject({ kind: "exited", code: 0, tail: "plain\n" });
  });

  it("may be killed before it stands", async () => {
    const conversation = box.talk(command, () => {});
    conversation.kill();
    expect(await conversation.end).toMatchObject({ kind: "exited" });
    expect(await box.run(bash("echo next"))).toMatchObject({ kind: "exited", code: 0, tail: "next\n" });
  });

  it("is not idle as long as somebody sees it live elsewhere", async () => {
    const idle = { ...command.limits, idleMs: 1000 };
    const conversation = box.talk({ ...command, limits: idle }, () => {});
    const seen = setInterval(conversation.alive, 100);
    const lived = await Promise.race([conversation.end, new Promise((resolve) => setTimeout(resolve, 3000, "alive"))]);
    clearInterval(seen);
    expect(lived).toBe("alive");
    expect(await conversation.end).toMatchObject({ kind: "limit", which: "idle" });
  });

  it("ends with its box", async () => {
    const conversation = box.talk(command, () => {});
    await box.close();
    expect(await conversation.end).toMatchObject({ kind: "broken" });
  });
});
