import { parseArgs } from "node:util";
import type { Role } from "./crew.ts";

export interface Options {
  readonly kills: number;
  readonly seed: number;
  readonly roles: readonly Role[];
  readonly driver: "srt" | "none";
  readonly output: "json" | "words";
  readonly afterwards: "remove" | "keep";
  /** A planted fault, or `all` of them. */
  readonly break: string | undefined;
  /** Seeds to try for a planted fault. */
  readonly seeds: number;
}

export const usage = `Usage: npm run torture -- [--kills N] [--seed S] [--json] [--fleet web=2,worker=3]
                       [--break FAULT|all] [--seeds N] [--driver srt|none] [--keep]

  --kills   how often a process is killed (200; 12 with --break)
  --seed    which schedule (1); the same seed gives the same schedule
  --fleet   several processes on one database instead of one Baton with its own
  --break   plants a fault and looks how many seeds it takes to notice
  --seeds   how many seeds a planted fault may take (50)
  --driver  none: agents without a sandbox, for speed
  --keep    leaves the world's files when something is wrong`;

/** Reads the command line. @throws Error saying what is wrong with it */
export function readOptions(args: readonly string[]): Options | "help" {
  const { values } = parseArgs({
    args: [...args],
    options: {
      kills: { type: "string" },
      seed: { type: "string", default: "1" },
      seeds: { type: "string", default: "50" },
      fleet: { type: "string" },
      break: { type: "string" },
      driver: { type: "string", default: "srt" },
      json: { type: "boolean", default: false },
      keep: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) return "help";
  const { driver } = values;
  if (driver !== "srt" && driver !== "none") throw new Error(`--driver ${driver}: srt or none`);
  return {
    kills: number("--kills", values.kills ?? (values.break === undefined ? "200" : "12")),
    seed: number("--seed", values.seed),
    seeds: number("--seeds", values.seeds),
    roles: values.fleet === undefined ? ["all"] : readFleet(values.fleet),
    driver,
    output: values.json ? "json" : "words",
    afterwards: values.keep ? "keep" : "remove",
    break: values.break,
  };
}

function number(name: string, text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 0) throw new Error(`${name} ${text}: a whole number`);
  return value;
}

function readFleet(text: string): readonly Role[] {
  const roles = text.split(",").flatMap((part) => {
    const [role, count = ""] = part.split("=");
    if (role !== "web" && role !== "worker") throw new Error(`--fleet ${part}: web=N or worker=N`);
    return Array<Role>(number(`--fleet ${role}`, count)).fill(role);
  });
  if (!roles.includes("web") || !roles.includes("worker")) throw new Error(`--fleet ${text}: at least one of each`);
  return roles;
}
