import { existsSync } from "node:fs";
import { join } from "node:path";
import { carelessly } from "../plain-git.ts";
import { type Driver, type Finding, type Findings, finding, type Trial, type Vector } from "../vector.ts";
import { type Ran, withYard, type Yard } from "../yard.ts";

/** A vector and how to tell, from outside, that it worked. */
interface HandOver extends Vector {
  readonly worked: (seen: Seen) => boolean | Promise<boolean>;
}

interface Seen {
  readonly yard: Yard;
  /** Undefined when the runner threw or never came back: a surprise for the host. */
  readonly ran: Ran | undefined;
  readonly canary: string;
  readonly mark: string;
}

/** How long a run may take after the trap was set. Without walls one that is caught is known to hang. */
const patienceMs: Readonly<Record<Driver, number>> = { none: 8000, srt: 40_000 };

const vectors: readonly HandOver[] = [
  answer("answer-is-a-pipe", "a result file that never ends and never begins", (seen) =>
    hangs(seen, "cat answer/result.json"),
  ),
  answer("answer-is-a-link", "a result file that is a secret of the host", (seen) => reads(seen)),
  answer("answer-is-a-device", "a result file that never ends", (seen) =>
    hangs(seen, "cat answer/result.json > /dev/null"),
  ),
  answer("answer-is-huge", "a result file of 200 MB", async (seen) => tooMuch(seen)),
  answer("answer-is-deep", "a result file of 200,000 brackets", (seen) => breaksParser(seen)),
  own("answer-directory-is-a-link", "the directory of the result file, swapped for one of the host", (seen) =>
    told(seen),
  ),
  own("exporter-has-a-repository", "a filter in the repository that the exporter is about to make", (seen) =>
    existsSync(seen.mark),
  ),
  own("exporter-writes-to-a-pipe", "an exporter that hangs", (seen) => seen.ran?.outcome.kind === "stopped"),
  own("outbox-is-taken", "a bundle of its own in the place of the exporter's", (seen) => seen.ran === undefined),
  {
    ...own("file-is-a-pipe", "a file of the tree that cannot be read to its end", (seen) =>
      hangs(seen, "cat repo/greeting.txt"),
    ),
    carelessHost: "cat <file of the clone>",
  },
];

/** Traps where the host picks up what an agent leaves: the run must end, in good time, as a value. */
export const handOverTrial: Trial = {
  name: "hand-over",
  vectors,
  async play(driver: Driver): Promise<Findings> {
    const entries = await Promise.all(
      vectors.map(async (vector) => [vector.name, await tryOne(driver, vector)] as const),
    );
    return Object.fromEntries(entries);
  },
};

function tryOne(driver: Driver, vector: HandOver): Promise<Finding> {
  return withYard(driver, async (yard) => {
    const canary = yard.canary(vector.name);
    const secret = yard.write("secrets/result.json", JSON.stringify({ title: canary }));
    const mark = join(yard.dir, "executed");
    const targets = {
      secret,
      secretDirectory: join(yard.dir, "secrets"),
      mark,
      exporter: join(yard.root, "export"),
      outbox: join(yard.root, "outbox"),
    };
    const stop = new AbortController();
    const deaf = Promise.withResolvers<undefined>();
    let timers: readonly NodeJS.Timeout[] = [];
    const onLine = (line: string) => {
      if (line !== `TRIED ${vector.name}`) return;
      const [patience, more] = [patienceMs[driver], patienceMs[driver] + 20_000];
      timers = [setTimeout(() => stop.abort(), patience), setTimeout(() => deaf.resolve(undefined), more)];
    };
    const running = yard.run({ attempts: [vector.name], targets, signal: stop.signal, onLine }).catch(() => undefined);
    // A runner that is caught itself does not even hear that it shall stop.
    const ran = await Promise.race([running, deaf.promise]);
    for (const timer of timers) clearTimeout(timer);
    // Whoever waits for a writer gets one, so that the yard can be taken away.
    if (ran === undefined) await carelessly(yard.root, "timeout 2 tee answer/result.json export/outcome < /dev/null");
    await running;
    if (timers.length === 0) return { kind: "untried", how: JSON.stringify(ran?.outcome ?? "it threw") };
    const how =
      ran === undefined
        ? "the runner threw, or never came back"
        : `${ran.seconds.toFixed(1)} s, ${JSON.stringify(ran.outcome).slice(0, 200)}`;
    const seen = { yard, ran, canary, mark };
    // In the sandbox nobody is careless: what counts is that the run came to an end of its own that tells nothing.
    const lured = ran === undefined || ran.outcome.kind === "stopped" || told(seen) || existsSync(mark);
    return finding(driver === "none" ? await vector.worked(seen) : lured, how);
  });
}

function told({ ran, canary }: Seen): boolean {
  return JSON.stringify(ran?.outcome ?? "").includes(canary);
}

async function hangs({ yard }: Seen, line: string): Promise<boolean> {
  return (await carelessly(yard.root, `timeout 1 ${line}`)).code === 124;
}

async function reads({ yard, canary }: Seen): Promise<boolean> {
  return (await carelessly(yard.root, "cat answer/result.json")).stdout.includes(canary);
}

async function tooMuch({ yard }: Seen): Promise<boolean> {
  return Number((await carelessly(yard.root, "wc -c < answer/result.json")).stdout) === 200_000_000;
}

async function breaksParser({ yard }: Seen): Promise<boolean> {
  const parse = "JSON.parse(require('fs').readFileSync('answer/result.json', 'utf8'))";
  return (await carelessly(yard.root, `"${process.execPath}" -e "${parse}"`)).code !== 0;
}

function own(name: string, what: string, worked: HandOver["worked"]): HandOver {
  return { name, threat: "T22", what, worked };
}

function answer(name: string, what: string, worked: HandOver["worked"]): HandOver {
  return { ...own(name, what, worked), carelessHost: "the result file, read as it is" };
}
