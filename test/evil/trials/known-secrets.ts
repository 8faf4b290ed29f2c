import { join } from "node:path";
import { type Gated, judged } from "../gate.ts";
import { carelessly, gitIn } from "../plain-git.ts";
import { type Driver, type Finding, type Findings, finding, type Trial } from "../vector.ts";
import { type Ran, withYard, type Yard } from "../yard.ts";

const forms: Readonly<Record<string, readonly [file: string, what: string]>> = {
  "secret-as-it-is": ["leak-raw.txt", "a secret it was given, in the diff"],
  "secret-reversed": ["leak-reversed.txt", "the same, reversed"],
  "secret-in-base64": ["leak-base64.txt", "the same in base64, amid other text"],
  "secret-in-hex": ["leak-hex.txt", "the same in hexadecimal"],
  "secret-in-percent-form": ["leak-percent.txt", "the same as in a URL"],
  "secret-in-pieces": ["leak-pieces.txt", "the same on two lines"],
};

/** Secrets the agent may read (files the operator provides) must not be published in any form (T32). */
export const knownSecretsTrial: Trial = {
  name: "known secrets",
  vectors: [
    ...Object.entries(forms).map(([name, [, what]]) => ({
      name,
      threat: "T32",
      what,
      carelessHost: "git add -A, git commit",
    })),
    {
      name: "provided-file",
      threat: "T32",
      what: "the provided file itself, committed by force",
      carelessHost: "git push of the agent's commits",
    },
  ],
  play: (driver: Driver): Promise<Findings> =>
    withYard(driver, async (yard) => {
      const secret = yard.canary("provided");
      yard.write("provided/.env", `KEY=${secret}\n`);
      const attempts = [...Object.keys(forms), "provided-file"];
      const ran = await yard.run({ attempts, change: { files: join(yard.dir, "provided") } });
      const judge = driver === "none" ? await carelessHost(yard) : await carefulHost(yard, ran, secret);
      const findings = await Promise.all(
        attempts.map(
          async (name): Promise<[string, Finding]> => [
            name,
            ran.tried(name)
              ? await judge(forms[name]?.[0] ?? ".env")
              : { kind: "untried", how: JSON.stringify(ran.outcome) },
          ],
        ),
      );
      return Object.fromEntries(findings);
    }),
};

type Judge = (file: string) => Promise<Finding>;

async function carelessHost(yard: Yard): Promise<Judge> {
  const { stdout } = await carelessly(
    yard.repo,
    "git add -A; git commit --quiet -m work; git ls-tree -r --name-only HEAD",
  );
  return async (file) => finding(stdout.split("\n").includes(file), "looked for it in the tree that is published");
}

async function carefulHost(yard: Yard, ran: Ran, secret: string): Promise<Judge> {
  const gate = await judged(yard, ran.outcome, [secret]);
  if (gate.quarantine === undefined) throw new Error(gate.why);
  return async (file) => {
    const inTree = (await gitIn(gate.quarantine, ["ls-tree", "-r", "--name-only", gate.tip]))
      .split("\n")
      .includes(file);
    if (!inTree) return finding(false, "it is not in the tree");
    const verdict = await judgeAlone(yard, gate, { file, secret });
    return finding(verdict.kind === "accepted", JSON.stringify(verdict));
  };
}

/** Judges a tree in which this file alone is new: one that is found must not cover up for the others. */
async function judgeAlone(yard: Yard, { quarantine, tip }: Gated, { file, secret }: { file: string; secret: string }) {
  const blob = await gitIn(quarantine, ["rev-parse", `${tip}:${file}`]);
  const base = await gitIn(quarantine, ["ls-tree", yard.baseSha]);
  const tree = await gitIn(quarantine, ["mktree"], `${base}\n100644 blob ${blob}\t${file}\n`);
  const alone = await gitIn(quarantine, ["commit-tree", tree, "-p", yard.baseSha, "-m", "alone"]);
  const nothing = { deny: [], hold: [], flag: [] };
  const order = { repositoryId: yard.repositoryId, runId: "run-1", baseSha: yard.baseSha, tip: alone };
  return yard.git.judgeTree({ ...order, protect: nothing, secrets: [secret] });
}
