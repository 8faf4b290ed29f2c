import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createRunner } from "../../../src/agent-runner/index.ts";
import { renderPrompt } from "../../../src/joints.ts";
import type { FeedbackItem } from "../../../src/orchestrator/domain/feedback.ts";
import type { Policy } from "../../../src/orchestrator/domain/policy.ts";
import type { RunOrder, RunOutcome } from "../../../src/orchestrator/domain/run.ts";
import type { EffectContext } from "../../../src/orchestrator/effects/effect-context.ts";
import { pushBranch } from "../../../src/orchestrator/effects/push-branch.ts";
import { conductRun } from "../../../src/orchestrator/run/conduct-run.ts";
import type { Conducted } from "../../../src/orchestrator/run/work.ts";
import { type Files, git } from "../../git/support/plain-git.ts";
import { workbench } from "../../git/support/workbench.ts";
import { ann, aPolicy, aSnapshot, aTask, helperBot, monday } from "../../support/builders.ts";

export const self = { slug: "baton", botUserId: 7, botLogin: "baton[bot]", email: "7+baton[bot]@example.com" };
export const branch = "agent/issue-7";

export const startFiles: Files = {
  "greet.txt": "one\ntwo\nthree\nfour\nfive\nsix\nseven\n",
  "other.txt": "other\n",
  "AGENTS.md": "Instructions of the base.\n",
};

/** A thread of ann's. */
export function aThread(id: string, changes: Partial<FeedbackItem> = {}): FeedbackItem {
  return {
    id,
    surface: "thread",
    by: ann,
    from: "person",
    owed: "answer",
    version: `2026-03-02T09:00:00Z#${id}`,
    entries: [{ author: ann, at: monday, body: `Point ${id}.` }],
    place: { path: "greet.txt", line: 1, hunk: "@@ -1 +1 @@\n+one", outdated: false },
    thread: { nodeId: `N-${id}`, firstCommentId: 1, resolved: false },
    ...changes,
  };
}

export const context: FeedbackItem = {
  ...aThread("comment-9", { surface: "comment", owed: "context", by: helperBot, from: "bot" }),
  place: undefined,
  thread: undefined,
};

interface RoundOptions {
  readonly items?: readonly FeedbackItem[];
  readonly policy?: Partial<Policy>;
  readonly earlier?: (RunOrder & { purpose: "address_feedback" })["earlier"];
  readonly run?: string;
}

/**
 * A repository on a git server with our branch on it, a real runner that isolates nothing, and agents that are shell
 * scripts: `$PROMPT` is the file with what the agent was told.
 */
export async function roundBench() {
  const bench = await workbench(startFiles);
  const started: Files = { ...startFiles, "ours.txt": "round zero\n", "AGENTS.md": "Instructions of the branch.\n" };
  const startSha = await bench.pushes(branch, started, [bench.baseSha]);
  const forgotten: string[] = [];
  const github = {
    token: async () => bench.server.token,
    cloneUrl: () => bench.url,
    self: async () => self,
    forgetToken: (token: string) => void forgotten.push(token),
  };
  const ports = {
    git: bench.baton,
    github,
    runner: createRunner(),
    renderPrompt,
    workspaces: join(bench.dir, "workspaces"),
  };
  const task = aTask({ repository: { id: bench.repositoryId, owner: "sample", name: "repo" }, branch });
  let prompts: string[] = [];

  const orderFor = ({ items = [aThread("thread-1")], policy = {}, earlier = [] }: RoundOptions = {}): RunOrder => ({
    purpose: "address_feedback",
    pullRequest: 12,
    round: 2,
    items,
    earlier,
    profile: "default",
    policy: aPolicy(policy),
    snapshot: aSnapshot(),
    branch,
    parent: startSha,
    requestedBy: ann,
  });

  /** One run; the script is run by bash in the work tree. */
  const conduct = async (script: string, order: RunOrder, run = "500-7-5"): Promise<Conducted> => {
    const told = join(bench.dir, "told");
    mkdirSync(told, { recursive: true });
    const program = join(bench.dir, "programs", "agent");
    mkdirSync(join(bench.dir, "programs"), { recursive: true });
    const head = `#!/bin/bash\nPROMPT=$(mktemp ${told}/XXXXXX); cat > "$PROMPT"; echo "$PROMPT" >> ${told}/list\n`;
    writeFileSync(join(told, "list"), "");
    writeFileSync(program, `${head}${answerFunctions}${script}\n`, { mode: 0o755 });
    const settings = {
      agent: { kind: "command", command: [program] },
      limits: { minutes: 1, idleMinutes: 1, turns: 10, tokens: 1000 },
      network: [],
      files: undefined,
      box: { driver: "none", limits: { memoryMb: 1024, pids: 256, diskMb: 300 } },
      secrets: ["canary-secret-value"],
    } as const;
    const toConduct = { id: run, task, order, settings, startedAt: monday };
    const conducted = await conductRun(ports, toConduct, {
      signal: new AbortController().signal,
      onPhase: () => {},
      onOutput: () => {},
      onEvents: () => {},
    });
    const list = readFileSync(join(told, "list"), "utf8").split("\n").filter(Boolean);
    prompts = list.map((path) => readFileSync(path, "utf8"));
    return conducted;
  };

  /** Publishes a run's work; `changes` may make git less friendly. */
  const push = async (
    { outcome, bundle }: Conducted,
    order: RunOrder,
    changes: Partial<EffectContext["ports"]["git"]> = {},
    beforeWrite = async () => {},
  ) => {
    if (outcome.kind !== "changed" || !bundle) throw new Error(`nothing to push: ${JSON.stringify(outcome)}`);
    const { headSha, parent, report } = outcome;
    const run = { order, report, parent, bundle };
    const context = {
      task,
      at: { repository: task.repository, installationId: 1, beforeWrite },
      attempts: 1,
      outcome: "fresh",
      ports: { github, git: { ...bench.baton, ...changes }, clock: () => monday },
      facts: { run: async () => run },
    };
    return pushBranch({ type: "push_branch", run: "500-7-5", headSha }, context as unknown as EffectContext);
  };

  return {
    bench,
    started,
    startSha,
    forgotten,
    orderFor,
    conduct,
    push,
    prompts: () => prompts,
    remote: (...args: readonly string[]) => git(bench.remote, args),
    headOf: (name: string) =>
      git(bench.remote, ["rev-parse", "--verify", "--quiet", `refs/heads/${name}`]).catch(() => undefined),
    /** Puts our branch back to where every test begins. */
    async reset() {
      const refs = await git(bench.remote, ["for-each-ref", "--format=%(refname)", "refs/heads/agent"]);
      for (const ref of refs.split("\n").filter(Boolean)) await git(bench.remote, ["update-ref", "-d", ref]);
      await git(bench.remote, ["update-ref", `refs/heads/${branch}`, startSha]);
    },
    leftovers: () =>
      ["workspaces/500-7", `data/git/quarantine/${bench.repositoryId}-500-7-5.git`].filter((path) =>
        existsSync(join(bench.dir, path)),
      ),
    close: () => bench.close(),
  };
}

export type RoundBench = Awaited<ReturnType<typeof roundBench>>;

/** `answers '<json list>' ['<more keys>']` leaves a result file. */
const answerFunctions = `answers() { echo "{\\"answers\\":$1\${2:+,$2}}" > "$BATON_RESULT"; }\n`;

/** What a run said about feedback, whichever way it ended. */
export function feedbackOf(outcome: RunOutcome) {
  if (outcome.kind === "answered") return outcome.feedback;
  return outcome.kind === "changed" ? outcome.report.feedback : undefined;
}
