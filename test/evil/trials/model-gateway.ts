import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { openGateway } from "../../../src/agent-runner/gateway/gateway.ts";
import { kill } from "../processes.ts";
import { groundHere } from "../stage.ts";
import { type Driver, type Finding, type Findings, finding, type Trial, type Vector } from "../vector.ts";
import { type Ran, withYard, type Yard } from "../yard.ts";

const carelessHost = "the key in the agent's own hands";

/** The cap comes last: after it nothing is let through. */
const vectors: readonly Vector[] = [
  taken("key-itself", "the provider's key"),
  taken("key-in-an-answer", "the key, in what the provider says about a request"),
  taken("route-beside-inference", "what else the key opens: files, models, other people's answers"),
  taken("request-behind-a-request", "the same, hidden behind a request that is let through"),
  taken("account-of-another", "another account or project on the same key"),
  { ...taken("token-of-another-run", "another run's token"), carelessHost: "tokens in the environment, no walls" },
  taken("more-than-the-cap", "more requests than the run may make"),
];
const afterwards = taken("token-after-the-end", "answers for a run that is over");

/** Requests a run may make: enough for the vectors before the last. */
const cap = 6;

/** The model gateway gives answers and nothing else (T17). The control is an agent that is given the key. */
export const modelGatewayTrial: Trial = {
  name: "model gateway",
  vectors: [...vectors, afterwards],
  play: (driver: Driver): Promise<Findings> =>
    withYard(driver, async (yard) => {
      const provider = await openProvider(yard);
      const gateway = await openGateway();
      yard.afterwards(() => gateway.close());
      const admit = (key: string) =>
        gateway.admit({
          provider: { api: "openai-responses", baseUrl: provider.baseUrl, key },
          caps: { requests: cap, tokens: 1_000_000 },
          idleMs: 20_000,
        });
      const keys = { own: `sk-own-${yard.mark}-0123456789`, other: `sk-other-${yard.mark}-0123456789` };
      const tickets = { own: admit(keys.own), other: admit(keys.other), over: admit(keys.own) };
      const isCareless = driver === "none";
      const victim = startVictim(yard, isCareless ? keys.other : tickets.other.token);
      const given = isCareless
        ? { baseUrl: provider.baseUrl, token: keys.own }
        : { baseUrl: tickets.own.baseUrl, token: tickets.own.token };
      const all = driver === "srt" || groundHere() === "stage";
      const ran = await yard.run({
        attempts: vectors.map(({ name }) => name),
        targets: { ...given, pids: all ? "all" : [String(victim)] },
        change: { network: [tickets.own.host] },
      });
      tickets.over.revoke();
      const before = provider.seen.length;
      await ask(isCareless ? given : tickets.over);
      const findings = Object.fromEntries(
        vectors.map(({ name }): [string, Finding] => [
          name,
          ran.tried(name)
            ? judge(name, { yard, ran, keys, seen: provider.seen })
            : { kind: "untried", how: JSON.stringify(ran.outcome) },
        ]),
      );
      // A gateway that lets nothing through would contain everything.
      if (!provider.seen.some(({ key }) => key === keys.own))
        throw new Error(`no request reached the provider: ${ran.output}`);
      return {
        ...findings,
        [afterwards.name]: finding(provider.seen.length > before, "asked once more when it was over"),
      };
    }),
};

/** A request as an agent sends it, from a process that lives on. */
async function ask({ baseUrl, token }: { readonly baseUrl: string; readonly token: string }): Promise<void> {
  const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
  const answer = await fetch(`${baseUrl}/responses`, { method: "POST", headers, body: '{"model":"m","input":"x"}' });
  await answer.text();
}

interface Evidence {
  readonly yard: Yard;
  readonly ran: Ran;
  readonly keys: { readonly own: string; readonly other: string };
  readonly seen: readonly SeenRequest[];
}

function judge(name: string, { yard, ran, keys, seen }: Evidence): Finding {
  const loot = ran.output.split("\n").filter((line) => line.startsWith(`LOOT ${name} `));
  switch (name.replace("model:", "")) {
    case "key-itself":
    case "key-in-an-answer":
      return finding(loot.join("\n").includes(keys.own), `${loot.length} lines: ${loot.at(-1)?.slice(0, 200)}`);
    case "route-beside-inference":
    case "request-behind-a-request": {
      const strange = seen.filter(({ method, path }) => method !== "POST" || path !== "/v1/responses");
      return finding(strange.length > 0, JSON.stringify(strange.map(({ method, path }) => `${method} ${path}`)));
    }
    case "account-of-another":
      return finding(
        seen.some(({ headers }) => /^(openai-(organization|project)|cookie)$/im.test(headers)),
        "looked at the headers that arrived",
      );
    case "token-of-another-run":
      return finding(
        seen.some(({ key }) => key === keys.other),
        "looked for the other run's key at the provider",
      );
    default: {
      const many = seen.filter(({ headers }) => headers.includes(`${yard.mark}-cap`)).length;
      return finding(many >= 8, `${many} of 8 requests arrived, ${seen.length} in all`);
    }
  }
}

interface SeenRequest {
  readonly method: string;
  readonly path: string;
  readonly key: string;
  readonly headers: string;
}

/** A provider that writes everything down, and tells the key to whoever asks in the wrong way. */
async function openProvider(yard: Yard) {
  const seen: SeenRequest[] = [];
  const server = createServer((request, response) => {
    const key = keyOf(request);
    seen.push({ method: request.method ?? "", path: request.url ?? "", key, headers: request.rawHeaders.join("\n") });
    request.resume();
    const echoes = request.headers["user-agent"]?.includes(`${yard.mark}-echo`) === true;
    const body = echoes
      ? { error: { message: `Incorrect API key provided: ${key}` } }
      : { id: "r", output: [], usage: { input_tokens: 1, output_tokens: 1 } };
    response.writeHead(echoes ? 400 : 200, { "content-type": "application/json", ...(echoes ? { "x-key": key } : {}) });
    response.end(JSON.stringify(body));
  }).listen(0, "127.0.0.2");
  await once(server, "listening");
  yard.afterwards(() => {
    server.closeAllConnections();
    server.close();
  });
  return { seen, baseUrl: `http://127.0.0.2:${(server.address() as AddressInfo).port}/v1` };
}

function keyOf({ headers }: IncomingMessage): string {
  return (headers.authorization ?? "").replace(/^Bearer /, "");
}

/** Another run's agent. @returns its process id */
function startVictim(yard: Yard, token: string): number {
  const victim = spawn("sleep", ["1000"], { env: { MODEL_TOKEN: token, VICTIM: yard.mark }, stdio: "ignore" });
  yard.afterwards(() => kill(victim.pid ?? 0));
  return victim.pid ?? 0;
}

function taken(name: string, what: string): Vector {
  return { name: `model:${name}`, threat: "T17", what, carelessHost };
}
