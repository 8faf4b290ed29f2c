import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Host, openHost, write } from "./host.ts";

describe("a run", () => {
  let host: Host;
  beforeEach(() => {
    host = openHost({
      "greeting.txt": "hello\n",
      "src/a.ts": "export const a = 1;\n",
      ".gitignore": "dist/\n",
      "run.sh": "#!/bin/sh\n",
    });
  });
  afterEach(() => host.close());

  it("hands over the final tree as one commit on the base, with the agent's own account", async () => {
    const { outcome, phases, warnings } = await host.run(`
      echo good morning > greeting.txt
      rm src/a.ts; mkdir lib; echo 2 > "lib/ü b.ts"
      mkdir dist; echo built > dist/out.js
      chmod +x run.sh; ln -s greeting.txt link
      echo '{"title":"Greet properly","decisions":["in the morning"],"unknown":1}' > "$BATON_RESULT"`);
    expect(outcome).toMatchObject({ kind: "changed", blockedHosts: [] });
    expect(outcome).toHaveProperty("result", { title: "Greet properly", decisions: ["in the morning"] });
    const change = host.imported(outcome);
    expect(outcome).toHaveProperty("tip", change.tip);
    expect(change.parents).toEqual([host.sha]);
    expect(change.changed).toEqual([
      "M\tgreeting.txt",
      'A\t"lib/\\303\\274 b.ts"',
      "A\tlink",
      "M\trun.sh",
      "D\tsrc/a.ts",
    ]);
    expect(change.read("greeting.txt")).toBe("good morning");
    expect(phases).toEqual(["preparing", "agent_working"]);
    expect(warnings).toEqual([]);
  });

  it("goes on from an earlier try and still hands over one commit on the base", async () => {
    const first = await host.run("echo first > first.txt; echo bye > greeting.txt");
    const { tip } = host.imported(first.outcome);
    host.git(
      host.mirror,
      "fetch",
      "--quiet",
      join(host.workspace.root, "outbox/change.bundle"),
      "refs/heads/change:refs/heads/try",
    );
    const { outcome } = await host.run("cat first.txt && echo second > second.txt", {
      source: { ...host.workspace.source, sha: tip },
    });
    host.git(host.mirror, "update-ref", "-d", "refs/heads/try");
    const change = host.imported(outcome);
    expect(change.parents).toEqual([host.sha]);
    expect(change.changed).toEqual(["A\tfirst.txt", "M\tgreeting.txt", "A\tsecond.txt"]);
  });

  it("takes what stands in the files, whatever the agent committed and wherever it left its branch", async () => {
    const { outcome } = await host.run(`
      test "$(git symbolic-ref --short HEAD)" = agent/issue-1 && test -z "$(git remote)" || exit 1
      echo one > greeting.txt; git commit --quiet --all --message=one
      git checkout --quiet --orphan elsewhere; git rm --quiet -rf --cached . ; git commit --quiet --allow-empty --message=empty
      echo two > greeting.txt`);
    expect(host.imported(outcome).changed).toEqual(["M\tgreeting.txt"]);
    expect(host.imported(outcome).read("greeting.txt")).toBe("two");
  });

  it("gives the agent its prompt on standard input and its context beside the tree", async () => {
    const prompt = `${"🦊".repeat(65_536)}\nend of prompt`;
    const { output, outcome } = await host.run(
      'tail -n1; echo; cat "$BATON_CONTEXT/thread.md"; pwd; touch "$BATON_CONTEXT/x" || true',
      {
        prompt,
        context: [{ name: "thread.md", content: "what was said before\n" }],
      },
    );
    expect(output.split("\n")).toEqual(
      expect.arrayContaining(["end of prompt", "what was said before", join(host.workspace.root, "repo")]),
    );
    expect(output).toContain("Read-only file system");
    expect(outcome.kind).toBe("no_change");
  });

  it("says why nothing changed", async () => {
    const { outcome } = await host.run(`echo '{"no_change_reason":"It is done already."}' > "$BATON_RESULT"`);
    expect(outcome).toMatchObject({ kind: "no_change", reason: "It is done already." });
    expect((await host.run("true")).outcome).toMatchObject({
      kind: "no_change",
      reason: expect.stringContaining("no reason"),
    });
  });

  it("passes a question on, changes or not", async () => {
    const { outcome } = await host.run(
      `echo x > greeting.txt; echo '{"question":"Which greeting?"}' > "$BATON_RESULT"`,
    );
    expect(outcome).toMatchObject({ kind: "question", question: "Which greeting?" });
  });

  it("shows a change even when the result file is no use, and says so", async () => {
    const { outcome } = await host.run('echo x > greeting.txt; echo "{title" > "$BATON_RESULT"');
    expect(outcome).toMatchObject({ kind: "changed", note: expect.stringContaining("not JSON") });
    expect(outcome).not.toHaveProperty("result");
  });

  it("fails as a bad result when nothing changed and the result file is no use", async () => {
    const { outcome } = await host.run('ln -s /etc/passwd "$BATON_RESULT"');
    expect(outcome).toMatchObject({
      kind: "failed",
      class: "bad_result",
      detail: expect.stringContaining("not a readable file"),
    });
  });

  it("fails with the last words of an agent that ends with an error", async () => {
    const { outcome } = await host.run("echo first; echo last words >&2; exit 3");
    expect(outcome).toMatchObject({
      kind: "failed",
      class: "agent_crashed",
      detail: expect.stringMatching(/exit code 3[\s\S]*last words/),
    });
  });

  it("fails before it starts anything when the agent's program is not there or cannot be executed", async () => {
    for (const command of [["/no/such/agent"], ["agent"], [join(host.mirror, "HEAD")]]) {
      expect((await host.run("", { agent: { kind: "command", command } })).outcome).toMatchObject({
        kind: "failed",
        class: "agent_missing",
      });
    }
    expect(existsSync(host.workspace.root)).toBe(false);
  });

  it("runs an agent that is a script for an interpreter, with the files beside it", async () => {
    host.program("export const word = 'imported';", "word.ts");
    const script = host.program(
      'import { word } from "./word.ts"; import { writeFileSync } from "node:fs"; writeFileSync("greeting.txt", word as string);',
      "agent.ts",
    );
    const { outcome } = await host.run("", { agent: { kind: "command", command: [process.execPath, script] } });
    expect(host.imported(outcome).read("greeting.txt")).toBe("imported");
  });

  it("puts the operator's files into the workspace and keeps them out of the change, even where they cover tracked ones", async () => {
    const files = join(host.dir, "files");
    write(files, { ".env": "TOKEN=operator\n", "greeting.txt": "operator's\n", "conf/[a]*.ini": "x\n" });
    const { outcome, output } = await host.run(
      `
      cat .env greeting.txt conf/*; git status --short
      echo new > conf/b.ini; echo changed >> greeting.txt; echo changed >> .env`,
      { files },
    );
    expect(output).toContain("TOKEN=operator\noperator's\nx\n");
    expect(output).not.toContain("?? ");
    expect(host.imported(outcome).changed).toEqual(["A\tconf/b.ini"]);
    expect(readFileSync(join(files, ".env"), "utf8")).toBe("TOKEN=operator\n");
  });

  it("starts from the base commit again, at the same path, with nothing of the run before", async () => {
    const first = await host.run(
      'pwd; echo x > greeting.txt; mkdir -p a/b; chmod 000 a; echo x > "$HOME/old"; echo x > "$TMPDIR/old"',
    );
    const second = await host.run('pwd; cat greeting.txt; ls -A "$HOME" "$TMPDIR"; ls');
    expect(second.output).toContain(`${first.output.split("\n")[0]}\nhello\n`);
    expect(second.output).not.toContain("old");
    expect(second.outcome.kind).toBe("no_change");
  });

  it("refuses network entries that are no hosts", async () => {
    expect((await host.run("true", { network: ["*.example.com"] })).outcome).toMatchObject({
      kind: "failed",
      class: "internal",
      detail: expect.stringContaining("*.example.com"),
    });
  });
});
