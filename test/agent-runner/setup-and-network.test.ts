import { lookup } from "node:dns/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { hostname } from "node:os";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Host, openHost } from "./host.ts";

describe("setup and network", () => {
  let host: Host;
  let registry: Server;
  let address: string;
  let asked: string[];
  beforeEach(async () => {
    host = openHost();
    asked = [];
    registry = createServer((request, response) => {
      asked.push(request.url ?? "");
      response.end("a package");
    });
    await new Promise<void>((resolve) => registry.listen(0, "127.0.0.2", resolve));
    address = `127.0.0.2:${(registry.address() as AddressInfo).port}`;
  });
  afterEach(async () => {
    await new Promise((resolve) => registry.close(resolve));
    host.close();
  });

  const get = (url: string) => `curl --fail --silent --show-error --max-time 5 ${url} || echo "no way to ${url}"`;

  it("lets setup reach its listed host, and the agent only its own", async () => {
    const setup = { run: [`curl --silent --fail http://${address}/setup > fetched`], network: [address] };
    const { outcome, output, phases } = await host.run(`cat fetched; ${get(`http://${address}/agent`)}`, { setup });
    expect(output).toContain("a package");
    expect(output).toContain(`no way to http://${address}/agent`);
    expect(asked).toEqual(["/setup"]);
    expect(phases).toEqual(["preparing", "setting_up", "agent_working"]);
    expect(outcome).toMatchObject({ kind: "changed", blockedHosts: [address] });
  });

  it("keeps setup from what only the agent may reach", async () => {
    const { outcome } = await host.run("true", {
      setup: { run: [`curl -sf http://${address}/`], network: [] },
      network: [address],
    });
    expect(outcome).toMatchObject({
      kind: "failed",
      class: "setup_failed",
      detail: expect.stringContaining(`Blocked hosts: ${address}`),
    });
    expect(asked).toEqual([]);
  });

  it("gives setup neither the prompt nor the agent's places", async () => {
    const { output } = await host.run("true", {
      setup: { run: ["cat; env | grep BATON; ls -A .."], network: [] },
      context: [{ name: "c", content: "c" }],
    });
    expect(output.split("\n")).toEqual(["home", "repo", "tmp"]);
  });

  it("runs the lines in order and stops at the first that fails, with its words", async () => {
    const setup = { run: ["echo one > one", "cat one; echo broken >&2; false", "touch three"], network: [] };
    const { outcome, phases } = await host.run("true", { setup });
    expect(outcome).toMatchObject({ kind: "failed", class: "setup_failed" });
    expect(outcome).toHaveProperty(
      "detail",
      expect.stringMatching(/^`cat one; .*` ended with exit code 1\.\n[\s\S]*broken/),
    );
    expect(phases).not.toContain("agent_working");
  });

  it("reaches a listed host with Node's fetch as well, and reports the others with their port", async () => {
    const agent = host.program(
      `#!/usr/bin/env node
      for (const url of ["http://${address}/", "http://blocked.example.com:8080/", "https://secure.example.com/", "http://169.254.169.254/latest"])
        await fetch(url).then(async (answer) => console.log(url, answer.status, await answer.text()), () => console.log(url, "failed"));`,
      "agent.mjs",
    );
    const { outcome, output } = await host.run("", {
      agent: { kind: "command", command: [agent] },
      network: [address],
    });
    expect(output).toContain(`http://${address}/ 200 a package`);
    expect(output).toContain("https://secure.example.com/ failed");
    expect(outcome).toHaveProperty("blockedHosts", [
      "169.254.169.254:80",
      "blocked.example.com:8080",
      "secure.example.com:443",
    ]);
  });

  it("has no way out beside the proxy: no address, no name server, no datagram, no host loopback", async () => {
    const { port } = registry.address() as AddressInfo;
    const { output } = await host.run(
      `timeout 5 bash -c 'echo > /dev/tcp/127.0.0.2/${port}' || echo tcp refused
      timeout 5 bash -c 'echo x > /dev/udp/9.9.9.9/53' || echo udp refused
      timeout 5 getent hosts example.com || echo name unknown
      curl -s --noproxy '*' --max-time 5 http://${address}/ || echo direct refused
      wc -l < /proc/net/dev` /* two header lines and lo */,
      { network: [address] },
    );
    expect(output.split("\n").filter((line) => /^\w+ refused$|unknown$|^\d+$/.test(line))).toEqual([
      "tcp refused",
      "udp refused",
      "name unknown",
      "direct refused",
      "3",
    ]);
    expect(asked).toEqual([]);
  });

  it("does not follow a listed name to an address of this machine", async ({ skip }) => {
    // This machine's own name leads to it nearly everywhere; where it does not, there is nothing to show.
    const own = createServer((request, response) => response.end(`reached ${asked.push(request.url ?? "")}`));
    const found = await lookup(hostname()).catch(() => undefined);
    const listening = await new Promise<boolean>((resolve) => {
      own.once("error", () => resolve(false)).listen(0, found?.address ?? "127.0.0.1", () => resolve(true));
    });
    try {
      skip(!found || !listening, "this machine's name leads elsewhere");
      const name = `${hostname()}:${(own.address() as AddressInfo).port}`;
      const { outcome } = await host.run(get(`http://${name}/`), { network: [name] });
      expect(outcome).toMatchObject({ kind: "no_change", blockedHosts: [name] });
      expect(asked).toEqual([]);
    } finally {
      own.close();
    }
  });
});
