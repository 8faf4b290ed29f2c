import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Host, openHost } from "./host.ts";

describe("a clone an agent has prepared for us", () => {
  let host: Host;
  let marker: string;
  beforeEach(() => {
    host = openHost();
    marker = join(host.dir, "executed");
  });
  afterEach(() => host.close());

  it("cannot have its switches changed: config, hooks, attributes and alternates are read-only, and stay in place", async () => {
    const { output } = await host.run(`
      for file in config hooks/pre-commit info/attributes info/exclude objects/info/alternates; do
        echo "x" >> .git/$file && echo "wrote $file"
      done
      git config core.fsmonitor /bin/x && echo configured
      mv .git elsewhere && echo moved; mv .git/objects o && echo moved; rm -rf .git/hooks .git/objects/info; ls -d .git/hooks .git/objects/info`);
    expect(output).not.toMatch(/wrote|configured|moved/);
    expect(output).toContain(".git/hooks\n.git/objects/info");
  });

  it("executes nothing of what it plants, neither on the host nor while its work is taken out", async () => {
    // Everything git may be talked into running: in the tree, in the home, in a nested repository, in git's own files.
    const { outcome } = await host.run(`
      plant() { printf '#!/bin/sh\\ntouch ${marker} "$HOME/executed" ../answer/executed\\n' > "$1"; chmod +x "$1"; }
      plant evil.sh
      evil="$PWD/evil.sh"
      git config --global core.fsmonitor "$evil"; git config --global core.hooksPath "$PWD/hooks"
      git config --global filter.evil.clean "$evil"; git config --global filter.evil.process "$evil"
      git config --global core.attributesFile "$PWD/attributes"; git config --global core.sshCommand "$evil"; git config --global gpg.program "$evil"; git config --global commit.gpgSign true
      echo '* filter=evil diff=evil merge=evil' | tee .gitattributes > attributes
      mkdir hooks; for hook in pre-commit post-commit post-index-change reference-transaction pre-push post-checkout; do plant hooks/$hook; done
      plant .git/fsmonitor; echo "$evil" > .git/commondir; echo changed > greeting.txt
      git init --quiet nested; GIT_CONFIG_GLOBAL=/dev/null git -C nested commit --quiet --no-gpg-sign --allow-empty -m nested; git -C nested config core.fsmonitor "$evil"; plant nested/.git/hooks/post-index-change
      rm -f .git/index; printf 'garbage' > .git/index; printf 'ref: refs/heads/none' > .git/HEAD
      rm -f "$HOME/executed" ../answer/executed`);
    expect(existsSync(marker)).toBe(false);
    for (const place of ["home", "answer"])
      expect(existsSync(join(host.workspace.root, place, "executed"))).toBe(false);
    expect(host.imported(outcome).read("greeting.txt")).toBe("changed");
  });

  it("has no start-up file read by a shell of ours outside the sandbox", async () => {
    // Bash reads ~/.bashrc when its input is a socket, as the pipes of Node are.
    const escaped = `/tmp/escaped-${process.pid}`;
    const script = `for name in .bashrc .bash_profile .profile .zshenv .inputrc .gitconfig; do echo 'touch ${escaped}' > ~/$name; done; echo x > greeting.txt`;
    const { outcome } = await host.run(script, { setup: { run: [script, "true"], network: [] } });
    expect(existsSync(escaped)).toBe(false);
    expect(outcome.kind).toBe("changed");
  });

  it("cannot smuggle objects of another repository out through alternates", async () => {
    const other = openHost({ "secret.txt": "another repository's secret\n" });
    try {
      const blob = other.git(other.mirror, "rev-parse", "main:secret.txt");
      const { outcome } = await host.run(`
        mkdir -p "$HOME/objects/info"; echo ${other.mirror}/objects > "$HOME/objects/info/alternates"
        GIT_OBJECT_DIRECTORY="$HOME/objects" git cat-file -p ${blob}
        printf '100644 blob ${blob}\\tstolen.txt\\n' | git update-index --add --index-info
        git commit --quiet -m steal; echo x > greeting.txt`);
      expect(host.imported(outcome).changed).toEqual(["M\tgreeting.txt"]);
    } finally {
      other.close();
    }
  });

  it("cannot rewrite what the base was, by grafts or replaced objects", async () => {
    const { outcome } = await host.run(`
      echo x > greeting.txt; git commit --quiet --all -m fake; fake=$(git rev-parse HEAD)
      git replace ${host.sha} $fake 2>/dev/null; mkdir -p .git/refs/replace; echo $fake > .git/refs/replace/${host.sha}; echo ${host.sha} > .git/shallow`);
    expect(host.imported(outcome).parents).toEqual([host.sha]);
    expect(host.imported(outcome).changed).toEqual(["M\tgreeting.txt"]);
  });

  it.each([
    ["a pipe in the place of a file", "rm greeting.txt; mkfifo greeting.txt"],
    ["a repository without a commit", "git init --quiet greeting.txt.d; touch greeting.txt.d/x"],
    ["a file nobody may read", "echo x > greeting.txt; chmod 000 greeting.txt"],
  ])("ends as a bad result, in good time, when it holds %s", async (_what, script) => {
    expect((await host.run(script)).outcome).toMatchObject({
      kind: "failed",
      class: "bad_result",
      detail: expect.stringContaining("greeting.txt"),
    });
  });

  it("may be a link to somewhere else: a swapped directory changes nothing outside", async () => {
    writeFileSync(join(host.dir, "outside"), "untouched");
    const { outcome } = await host.run(`rm -rf ../repo 2>/dev/null; cd ..; mv repo gone; ln -s ${host.dir} repo; true`);
    expect(["changed", "no_change"]).toContain(outcome.kind);
    expect(existsSync(join(host.dir, "outside"))).toBe(true);
  });
});
