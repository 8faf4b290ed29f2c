import { join } from "node:path";
import { failed } from "../bench.ts";
import type { Gateway, ModelTicket } from "../gateway/types.ts";
import type { Conversation } from "../sandbox/box.ts";
import type { AgentChoice } from "../types.ts";
import { foreignCommand } from "../workspace/commands.ts";
import type { Layout } from "../workspace/layout.ts";
import { openClient } from "./acp-client.ts";
import type { AgentEnd, Engaged, Shift } from "./agent.ts";
import { collectEvents } from "./event-log.ts";
import { stateOf } from "./installed.ts";
import { profiles } from "./profiles/index.ts";
import type { Profile, Start } from "./profiles/profile.ts";
import { verdictOn } from "./verdict.ts";

type AcpChoice = AgentChoice & { readonly kind: "acp" };

export interface Means {
  readonly agentsDir: string;
  readonly gateway: () => Promise<Gateway>;
  readonly layout: Layout;
  readonly idleMs: number;
}

/** Time an agent has to answer a cancel, and again to end when its input is closed. */
const patienceMs = 5000;
const lookEveryMs = 1000;
/** A provider may think without a byte for so long, or a quarter of the idle limit, so that silence is blamed on it. */
const longestSilenceMs = 120_000;

/** The driver for agents that speak the Agent Client Protocol: one turn, through the model gateway. */
export async function engageAcp(choice: AcpChoice, means: Means): Promise<Engaged> {
  const profile = profiles[choice.profile];
  const { provider, name } = choice.model;
  if (provider.api !== profile.api) {
    return refused("internal", `${profile.name} speaks ${profile.api}, its provider ${provider.api}.`);
  }
  const found = await stateOf(profile.name, means.agentsDir);
  if (found.state !== "ready") return refused("agent_missing", found.remedy);
  const gateway = await means.gateway();
  const idleMs = Math.min(longestSilenceMs, means.idleMs / 4);
  const ticket = gateway.admit({ provider, caps: choice.caps, idleMs });
  const { baseUrl, token } = ticket;
  const start = { home: means.layout.agent, repo: means.layout.repo, baseUrl, token, model: name };
  const dir = join(means.agentsDir, profile.name);
  return {
    kind: "ready",
    agent: {
      reads: [dir],
      network: [ticket.host],
      files: profile.files(start),
      work: (shift) => workThrough(shift, { profile, start, dir, ticket }),
      usage: ticket.usage,
      dismiss: ticket.revoke,
    },
  };
}

interface Engagement {
  readonly profile: Profile;
  readonly start: Start;
  readonly dir: string;
  readonly ticket: ModelTicket;
}

async function workThrough(shift: Shift, engagement: Engagement): Promise<AgentEnd> {
  const { listener, prompt, bench } = shift;
  const { profile, ticket } = engagement;
  const log = collectEvents(listener.onEvents);
  const flood = new AbortController();
  // The agent's first line comes long after this turn of the event loop, when both ends know each other.
  const conversation: Conversation = bench.openBox.talk(commandOf(shift, engagement), (line) => agent.hear(line));
  const agent = openClient({
    cwd: profile.cwd(engagement.start),
    prompt,
    profile,
    say: conversation.say,
    onStep: log.add,
    onFlood: () => flood.abort(),
  });
  const watching = setInterval(passOnLife(ticket, conversation), lookEveryMs);
  try {
    const taking = agent.takeTurn();
    const unwanted = AbortSignal.any([ticket.givenUp, flood.signal]);
    const turn = await Promise.race([taking, conversation.end.then(() => undefined), aborted(unwanted)]);
    // Before the agent is ended: what that cuts off is no trouble of the provider's.
    const [trouble, givenUp] = [ticket.trouble(), givenUpOf(ticket)];
    if (turn === undefined) await persuade(conversation, { cancel: agent.cancel, taking });
    // What it does after its answer does not count, and an agent takes up to two seconds to leave by itself.
    conversation.kill();
    const end = await conversation.end;
    return verdictOn({ signal: listener.signal, end, turn, givenUp, trouble, flooded: flood.signal.aborted });
  } finally {
    clearInterval(watching);
    agent.close();
    log.last([{ k: "usage", ...ticket.usage() }]);
  }
}

function commandOf({ bench, order }: Shift, { profile, start, dir }: Engagement) {
  return foreignCommand(bench, {
    ...order,
    argv: [process.execPath, join(dir, profile.script), ...profile.args],
    stdin: "",
    env: { ...order.env, ...profile.env(start) },
    read: [...(order.read ?? []), dir],
    write: [...(order.write ?? []), start.home],
  });
}

/** Bytes on their way to the agent are a sign of life that its sandbox does not show. */
function passOnLife(ticket: ModelTicket, conversation: Conversation): () => void {
  let seen = ticket.activity().lastByteAt;
  return () => {
    const { lastByteAt } = ticket.activity();
    if (lastByteAt !== seen) conversation.alive();
    seen = lastByteAt;
  };
}

/** Asks an agent to end its turn, then to leave: time to put away what it will need to go on another day. */
async function persuade(
  { hush, end }: Conversation,
  { cancel, taking }: { readonly cancel: () => void; readonly taking: Promise<unknown> },
): Promise<void> {
  cancel();
  await within(patienceMs, [taking, end]);
  hush();
  await within(patienceMs, [end]);
}

function givenUpOf({ givenUp }: ModelTicket) {
  return givenUp.aborted ? (givenUp.reason as Parameters<typeof verdictOn>[0]["givenUp"]) : undefined;
}

async function aborted(signal: AbortSignal): Promise<undefined> {
  if (signal.aborted) return;
  await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
}

/** Waits for the first of these, but no longer than that. */
async function within(ms: number, first: readonly Promise<unknown>[]): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const over = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  await Promise.race([...first, over]);
  clearTimeout(timer);
}

function refused(failure: "internal" | "agent_missing", detail: string): Engaged {
  return { kind: "refused", why: failed(failure, detail) };
}
