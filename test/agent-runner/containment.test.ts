import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { homedir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Host, openHost, write } from "./host.ts";

const canary = "canary-7c1f9a2e";
const isRoot = process.getuid?.() === 0;

describe("what an agent can see and touch", () => {
  let host: Host;
  beforeEach(() => {
    host = openHost();
  });
  afterEach(() => host.close());

  it("is no file of the app, of another task, or of the people of this machine", async () => {
    write(host.dir, {
      "data/key.pem": canary,
      "workspaces/task-2/repo/secret.txt": canary,
      "settings.yml": canary,
    });
    const home = join(homedir(), `.${canary}`);
    if (isRoot) writeFileSync(home, canary);
    const world = `/tmp/${canary}-${process.pid}`;
    writeFileSync(world, canary);
    try {
      const { output } = await host.run(`
        cat ${host.dir}/data/key.pem ${host.dir}/workspaces/task-2/repo/secret.txt ${host.dir}/settings.yml ${home} ${world}
        for place in /root /home /tmp /var /run /srv /opt /mnt "${process.cwd()}"; do grep -rsl ${canary} "$place" --exclude-dir=programs; done
        cat /proc/[0-9]*/environ | tr '\\0' '\\n' | grep ${canary}
        ls /root /home /var /run /mnt /srv; ls ${host.dir} ${host.dir}/workspaces
        ls /etc | tr '\\n' ' '; test -r /etc/shadow && echo shadow; echo end`);
      // The agent's own script holds the word, nothing it printed does.
      expect(output.replaceAll(/^.*(No such file|cat: ).*$/gm, "")).not.toContain(canary);
      expect(output).toContain("programs\n");
      expect(output).not.toContain("task-2\n");
      expect(output).not.toMatch(/shadow|ssh_host/);
      expect(output).toContain("end");
    } finally {
      rmSync(world);
      if (isRoot) rmSync(home);
    }
  });

  it("is no variable of the app's environment", async () => {
    const { output } = await host.run("env; cat /proc/*/environ | tr '\\0' '\\n'");
    const names = new Set(output.split("\n").map((line) => line.split("=")[0] ?? ""));
    for (const name of Object.keys(process.env).filter((name) =>
      /VITEST|npm_|NODE_ENV|SSH|TOKEN|KEY|SECRET/i.test(name),
    )) {
      expect(names).not.toContain(name);
    }
    expect(names).toContain("BATON_RESULT");
    expect(output).toContain("HUSKY=0");
    expect(output).toContain("GIT_AUTHOR_NAME=");
  });

  it("is no process of the host", async () => {
    const { output } = await host.run(
      `for p in /proc/[0-9]*; do tr "\\0" " " < $p/cmdline; echo; done; kill -0 ${process.pid} && echo alive`,
    );
    expect(output).not.toMatch(/vitest|supervisor\.ts|alive/);
    expect(output).toContain("bwrap");
  });

  it("is no socket of the host, while sockets of its own work", async () => {
    const path = `/tmp/baton-test-${process.pid}.sock`;
    const server = createServer((socket) => socket.end("host")).listen(path);
    await new Promise((resolve) => server.once("listening", resolve));
    chmodSync(path, 0o777);
    try {
      const { output } = await host.run(`
        socat -u UNIX-CONNECT:${path} - || echo hidden
        socat UNIX-LISTEN:$TMPDIR/own.sock SYSTEM:'echo own' & sleep 0.3; socat -u UNIX-CONNECT:$TMPDIR/own.sock -
        find / -type s -not -path '/proc/*' 2>/dev/null | grep -v own.sock`);
      expect(output).toContain("hidden");
      expect(output).toContain("own");
      expect(
        output
          .split("\n")
          .filter(
            (line) =>
              line.endsWith(".sock") && !/own\.sock|^\/tmp\/baton-[0-9a-f]{12}\//.test(line) && line.startsWith("/"),
          ),
      ).toEqual([]);
    } finally {
      server.close();
    }
  });

  it("is nothing it could write to but its clone, its home and its scratch places", async () => {
    const { output } = await host.run(`
      for place in / /usr /etc /var /run /work /root /opt /proc/sys/kernel/core_pattern ${host.dir} ${host.dir}/mirror.git/objects ${host.dir}/programs ..; do
        if [ -d "$place" ]; then touch "$place/x" 2>/dev/null; else echo x 2>/dev/null > "$place"; fi && echo "wrote $place"
      done
      touch ./x "$HOME/x" "$TMPDIR/x" /tmp/x && echo own places`);
    expect(output).toContain("own places");
    expect(existsSync(join(host.dir, "x"))).toBe(false);
    for (const place of [
      "/usr",
      "/etc",
      "/var",
      "/root",
      "/opt",
      join(host.dir, "mirror.git/objects"),
      join(host.dir, "programs"),
    ]) {
      expect(existsSync(join(place, "x"))).toBe(false);
    }
  });

  it.runIf(isRoot)(
    "is not ours by power: a user of its own without any capability, who cannot become more",
    async () => {
      const { output } = await host.run(`id -u; grep -E 'Cap(Eff|Prm|Bnd|Amb)|NoNewPrivs' /proc/self/status
      unshare --user --map-root-user id -u; mount -t tmpfs none /mnt; su -c id; whoami; node -e 'console.log(os.userInfo().username)'`);
      const uid = Number(output.split("\n")[0]);
      expect(uid).toBeGreaterThan(1000);
      expect(output.match(/0000000000000000/g)).toHaveLength(4);
      expect(output).toMatch(/NoNewPrivs:\s+1/);
      expect(output).not.toMatch(/^0$|uid=0/m);
      expect(output).toMatch(/baton\nbaton/);
    },
  );

  it("is not the place sandbox-runtime shares among all its sandboxes", async () => {
    const shared = "/tmp/claude";
    const ours = !existsSync(shared);
    if (ours) mkdirSync(shared, { mode: 0o777 });
    chmodSync(shared, 0o777);
    const file = join(shared, `baton-${process.pid}`);
    writeFileSync(file, canary);
    try {
      const { output } = await host.run(
        `cat ${file} || echo hidden; mkdir -p ${shared}; echo x > ${shared}/from-${process.pid}`,
      );
      expect(output).toContain("hidden");
      expect(existsSync(`${shared}/from-${process.pid}`)).toBe(false);
      expect(readFileSync(file, "utf8")).toBe(canary);
    } finally {
      rmSync(ours ? shared : file, { recursive: true });
    }
  });

  it("is only the program itself when the app's own things lie beside it", async () => {
    write(host.dir, { "data/key.pem": canary });
    const script = join(host.dir, "agent.sh");
    writeFileSync(script, `#!/bin/bash\nls ${host.dir}; cat ${host.dir}/data/key.pem`, { mode: 0o755 });
    const { output } = await host.run("", { agent: { kind: "command", command: [script] } });
    expect(output).not.toContain(canary);
    expect(output.split("\n")).toContain("agent.sh");
    expect(output.split("\n")).not.toContain("data");
  });
});
