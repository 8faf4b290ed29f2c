import { setTimeout as pause } from "node:timers/promises";
import { type Arena, buildArena } from "./arena.ts";
import type { Member, Role } from "./crew.ts";
import { unpaidDebts } from "./debts.ts";
import { type Moment, strike } from "./killing.ts";
import { type People, peopleOf } from "./people.ts";
import { type Chance, chanceOf } from "./prng.ts";
import { comeToRest } from "./settle.ts";
import { type Trouble, troubleOf } from "./trouble.ts";
import { watchLimits } from "./watch-limits.ts";
import { judgeWorld, type Wrongs } from "./world-state.ts";

export interface PlayOrder {
  readonly seed: number;
  readonly kills: number;
  readonly roles: readonly Role[];
  readonly driver: "srt" | "none";
  /** A planted fault, if any. */
  readonly fault: string | undefined;
  /** Whether the world's files stay when something is wrong, for a look at the logs. */
  readonly afterwards: "remove" | "keep";
  readonly progress: (line: string) => void;
}

export interface Played {
  readonly wrongs: Wrongs;
  readonly seconds: number;
  /** Where the world lay, or still lies. */
  readonly directory: string;
}

/** One world from its first label to its judgement: people work, things go wrong, processes die. */
export async function play(order: PlayOrder): Promise<Played> {
  const since = performance.now();
  const chance = chanceOf(order.seed);
  const arena = await buildArena(order);
  try {
    const people = peopleOf(arena, chance);
    const trouble = troubleOf(arena, chance);
    const limits = watchLimits(arena);
    for (let kill = 1; kill <= order.kills; kill++) {
      await onePart({ arena, people, trouble, chance });
      const seconds = Math.round((performance.now() - since) / 1000);
      order.progress(`seed ${order.seed}: kill ${kill}/${order.kills}, ${people.issues.length} issues, ${seconds} s`);
    }
    trouble.end();
    await arena.crew.wakeAll();
    order.progress(`seed ${order.seed}: coming to rest`);
    await comeToRest(arena);
    const found = await judgeWorld(await settledFacts(arena));
    const debts = unpaidDebts(arena.github, people.issues);
    const overfull = await limits.stop();
    const wrongs = {
      lost: [...found.lost, ...debts.lost, ...arena.crew.deaths],
      duplicated: [...found.duplicated, ...debts.duplicated, ...overfull],
      silent: [...found.silent, ...debts.silent],
      leaked: [...found.leaked, ...arena.github.problems(), ...debts.leaked],
    };
    return { wrongs, seconds: (performance.now() - since) / 1000, directory: arena.directory };
  } finally {
    await arena.close(order.afterwards);
  }
}

interface Scene {
  readonly arena: Arena;
  readonly people: People;
  readonly trouble: Trouble;
  readonly chance: Chance;
}

/** People do something, something goes wrong, and one process dies and is started again. */
async function onePart({ arena, people, trouble, chance }: Scene): Promise<void> {
  const { crew } = arena;
  const member = chance.pick(crew.members);
  if (chance.percent(20)) return dieWhileStarting(arena, member, chance);
  await crew.allReady();
  for (let acts = chance.between(0, 2); acts > 0; acts--) await people.act();
  if (chance.percent(50)) trouble.make();
  if (crew.members.length > 1 && chance.percent(25)) await freezeOne(arena, chance);
  const moment = chance.weighted<Moment>([
    [40, "time"],
    [35, "request"],
    [25, "row"],
  ]);
  await strike(arena, { moment, chance, kill: () => crew.kill(member) });
  if (chance.percent(6)) await arena.killDatabase();
  if (member.role === "worker" && chance.percent(20)) crew.replace(member);
  void crew.start(member);
}

/** A worker stops in the middle of something and wakes up when others may have taken over; one is always awake. */
async function freezeOne({ crew, rows, ...arena }: Arena, chance: Chance): Promise<void> {
  const workers = crew.members.filter(({ role }) => role === "worker");
  if (workers.length < 2) return;
  await crew.wakeAll();
  await strike(
    { crew, rows, ...arena },
    {
      moment: "row",
      chance,
      kill: async () => {
        await pause(chance.between(0, 40));
        await crew.freeze(chance.pick(workers));
      },
    },
  );
}

async function dieWhileStarting({ crew }: Arena, member: Member, chance: Chance): Promise<void> {
  if (member.process) await crew.kill(member);
  await crew.start(member);
  await pause(chance.between(0, 1500));
  await crew.kill(member);
  void crew.start(member);
}

async function settledFacts({ github, repositories, db, directory, crew }: Arena) {
  const dataDirs = crew.members.map(({ dataDir }) => dataDir);
  const logFiles = crew.members.map(({ logFile }) => logFile);
  return { github, repositories, db, places: { directory, dataDirs, alive: await crew.pids() }, logFiles };
}
