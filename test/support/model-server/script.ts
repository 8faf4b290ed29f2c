import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import { parse } from "yaml";
import { z } from "zod";
import { faultSchema } from "./faults.ts";
import { placeholders } from "./template.ts";

/** What a turn file says: scripts, and which conversation each of them plays. README.md shows one. */
export type TurnFile = z.infer<typeof turnFile>;
export type Script = TurnFile["scripts"][number];
export type Turn = Script["turns"][number];

/** A turn file as tests write it down, before defaults are filled in. */
export type TurnFileInput = z.input<typeof turnFile>;

/** Everything that is wrong with a turn file, all at once. */
export class ScriptError extends Error {
  readonly code = "BAD_SCRIPT";
  readonly problems: readonly string[];

  constructor(name: string, problems: readonly string[], options?: ErrorOptions) {
    super(`${name} is no turn file:\n${problems.map((problem) => `  - ${problem}`).join("\n")}`, options);
    this.problems = problems;
  }
}

const oneOrMore = z.union([z.string(), z.array(z.string()).min(1)]).transform((value) => [value].flat());
const tokens = z.int().min(0);

const turn = z
  .strictObject({
    say: z.string().optional(),
    run: oneOrMore.optional(),
    done: z.string().optional(),
    usage: z.strictObject({ input: tokens, cached: tokens.default(0), output: tokens }).optional(),
    fault: faultSchema.optional(),
  })
  .superRefine(({ say, run, done }, context) => {
    const wrong = (message: string) => context.addIssue({ code: "custom", message });
    if (run === undefined && done === undefined)
      wrong("a turn has run or done: an agent takes a turn without a command for the last one");
    if (run !== undefined && done !== undefined) wrong("a turn has run or done, not both");
    if (say !== undefined && run === undefined) wrong("say goes with run; the last words of an agent are done");
  });

const script = z
  .strictObject({
    name: z.string().optional(),
    when: oneOrMore.optional(),
    capture: z.record(z.string().regex(/^\w+$/), z.string()).default({}),
    turns: z.array(turn).min(1),
  })
  .superRefine(({ turns, capture }, context) => {
    const wrong = (message: string, ...path: (string | number)[]) =>
      context.addIssue({ code: "custom", message, path });
    for (const [index, { done }] of turns.entries()) {
      const isLast = index === turns.length - 1;
      if (isLast && done === undefined) wrong("the last turn must be done", "turns", index);
      if (!isLast && done !== undefined) wrong("nothing comes after done", "turns", index);
    }
    for (const [name, pattern] of Object.entries(capture))
      if (!isPattern(pattern)) wrong("is no regular expression", "capture", name);
    for (const name of turns.flatMap(placeholders))
      if (!(name in capture)) wrong(`{{${name}}} is used and not captured`, "turns");
  });

const turnFile = z
  .strictObject({ scripts: z.array(script).min(1), aside: z.string().default("A title") })
  .superRefine(({ scripts }, context) => {
    for (const [index, { when }] of scripts.entries())
      if (when === undefined && index < scripts.length - 1)
        context.addIssue({
          code: "custom",
          message: "a script without when takes every prompt: put it last",
          path: ["scripts", index],
        });
  });

/**
 * Reads a turn file, YAML or JSON, from its path or as a value.
 *
 * @throws ScriptError naming everything that is wrong with it
 */
export async function loadTurnFile(from: string | TurnFileInput): Promise<TurnFile> {
  if (typeof from !== "string") return check("The script", from);
  const name = basename(from);
  const text = await readFile(from, "utf8").catch((cause: Error) => {
    throw new ScriptError(name, [cause.message], { cause });
  });
  try {
    return check(name, parse(text));
  } catch (cause) {
    if (cause instanceof ScriptError) throw cause;
    throw new ScriptError(name, [cause instanceof Error ? cause.message : String(cause)], { cause });
  }
}

function check(name: string, value: unknown): TurnFile {
  const read = turnFile.safeParse(value);
  if (read.success) return read.data;
  const problems = read.error.issues.map(({ path, message }) => `${place(path)}: ${message}`);
  throw new ScriptError(name, problems);
}

/** `scripts[0].turns[2]`, or `top level`. */
function place(path: readonly PropertyKey[]): string {
  const text = path.map((key) => (typeof key === "number" ? `[${key}]` : `.${String(key)}`)).join("");
  return text.replace(/^\./, "") || "top level";
}

function isPattern(pattern: string): boolean {
  try {
    new RegExp(pattern, "m");
    return true;
  } catch {
    return false;
  }
}
