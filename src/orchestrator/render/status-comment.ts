import { oneLine } from "../../text/publish-text.ts";
import { assertNever } from "../domain/decision.ts";
import { type Status, statusOf } from "../domain/status-of.ts";
import type { BlockCause, Phase, Task } from "../domain/task.ts";
import { failureText } from "./failures.ts";
import { withNextStep } from "./next-step.ts";

/** Facts from the store that a task does not carry itself. */
export interface StatusFacts {
  /** Place in the queue, counted from one; undefined when the run is not waiting. */
  readonly position: number | undefined;
  /** Numbers of things left out of the snapshot and of hidden characters removed, for the input line. */
  readonly input:
    | { readonly comments: number; readonly leftOut: readonly string[]; readonly removed: number }
    | undefined;
}

/** The one comment that tells everything, rendered from stored facts each time (product.md §2). */
export function renderStatus(task: Task, facts: StatusFacts): string {
  const status = statusOf(task);
  const rows = [
    row("Profile", task.profile && `\`${task.profile}\``),
    row("Requested by", task.requester && `\`${task.requester.login}\``),
    row("Branch", task.branch && `\`${task.branch}\``),
    row("Pull request", task.pullRequest.kind === "none" ? undefined : `#${task.pullRequest.number}`),
    row("Input", inputLine(task, facts)),
    row("Started", task.work.kind === "running" ? utc(task.work.since) : undefined),
    row("Took", task.work.kind === "idle" && task.lastRun ? duration(task.lastRun.seconds) : undefined),
    row("Feedback", feedbackLine(task)),
    row("Rounds", task.rounds > 0 ? String(task.rounds) : undefined),
  ].filter((line) => line !== undefined);
  const table = rows.length > 0 ? ["| | |", "|---|---|", ...rows, ""] : [];
  return [headline(task, status, facts), "", ...table, `**Next:** ${withNextStep(nextStep(task, status), task)}`].join(
    "\n",
  );
}

function row(name: string, value: string | undefined): string | undefined {
  return value === undefined ? undefined : `| ${name} | ${value} |`;
}

function headline(task: Task, status: Status, facts: StatusFacts): string {
  switch (status) {
    case "queued":
      return `### ⏳ Queued${facts.position === undefined ? "" : `: number ${facts.position} in line`}`;
    case "running":
      return `### 🔨 ${task.work.kind === "running" ? phaseText(task.work.phase) : "Running"}`;
    case "checking":
      return "### 👀 Checking the request";
    case "stopping":
      return "### ✋ Stopping";
    case "publishing":
      return "### 📤 Publishing";
    case "in review":
      return "### ✅ Ready for review";
    case "merged":
      return "### 🎉 Merged";
    case "closed":
      return "### 🚪 Pull request closed without merging";
    case "failed":
      return "### ❌ Failed";
    case "blocked":
      return "### ✋ Needs a person";
    case "stopped":
      return "### ⏹ Stopped";
    case "idle":
      return task.lastRun?.end === "nothing_to_change" ? "### ☑️ Nothing to change" : "### 💤 Nothing is running";
    default:
      return assertNever(status);
  }
}

function phaseText(phase: Phase): string {
  switch (phase) {
    case "preparing":
      return "Preparing the workspace";
    case "setting_up":
      return "Running the set-up commands";
    case "agent_working":
      return "The agent is working";
    case "checking":
      return "Checking the changes";
    case "verifying":
      return "Verifying in a fresh clone";
    default:
      return assertNever(phase);
  }
}

function nextStep(task: Task, status: Status): string {
  switch (status) {
    case "queued":
      return "starts by itself when a slot is free. `/agent stop` takes it out of the queue.";
    case "publishing":
      return "nothing to do; the pull request appears in a moment.";
    case "checking":
    case "running":
      return "nothing to do. `/agent stop` ends it; writing here is safe.";
    case "stopping":
      return "the agent is being ended.";
    case "in review":
      return task.pullRequest.kind === "open" ? `review #${task.pullRequest.number}.` : "review the pull request.";
    case "merged":
      return "nothing to do.";
    case "closed":
      return "`/agent run` starts again on a new branch.";
    case "stopped":
      return `stopped by ${task.halt.kind === "stopped" ? `\`${task.halt.by}\`` : "a person"}. ${againText(task)}`;
    case "blocked":
      return task.halt.kind === "blocked" ? blockedText(task.halt.cause) : "see the comment below.";
    case "failed":
      return task.halt.kind === "failed" ? failureText(task.halt.class).remedy : "`/agent run` tries again.";
    case "idle":
      return "`/agent run` starts a run; `/agent help` lists the commands.";
    default:
      return assertNever(status);
  }
}

function againText({ pullRequest }: Task): string {
  return pullRequest.kind === "open"
    ? "`/agent fix-review` goes on; so does a new word in the review."
    : "`/agent run` starts again.";
}

function blockedText(cause: BlockCause): string {
  switch (cause) {
    case "question":
      return "answer the agent's question in a comment, then `/agent run`.";
    case "limit":
      return "cut the issue smaller or raise the limit, then `/agent run`.";
    case "gate":
      return "the gate refused the changes; see the comment below.";
    case "circling":
      return "say on the pull request which of the two it shall be, or `/agent resume`.";
    default:
      return assertNever(cause);
  }
}

function inputLine(task: Task, facts: StatusFacts): string | undefined {
  if (!task.snapshotHash || !facts.input) return undefined;
  const { comments, leftOut, removed } = facts.input;
  const parts = [`snapshot \`${task.snapshotHash.slice(0, 12)}\``];
  if (comments > 0) parts.push(`${comments} ${comments === 1 ? "comment" : "comments"}`);
  if (leftOut.length > 0)
    parts.push(
      `left out: ${leftOut
        .slice(0, 5)
        .map((text) => oneLine(text, 80))
        .join("; ")}${leftOut.length > 5 ? "; …" : ""}`,
    );
  if (removed > 0) parts.push(`${removed} hidden characters removed`);
  return parts.join(" · ");
}

/** What reviewers wait for and what they got. */
function feedbackLine({ review }: Task): string | undefined {
  const { ledger, pending, pausedBy } = review;
  if (ledger.length + pending.length === 0 && pausedBy === undefined) return undefined;
  const waiting = new Set(pending.map(({ item }) => item));
  const answered = ledger.filter(({ item }) => !waiting.has(item)).length;
  const paused = pausedBy === undefined ? "" : ` · automatic rounds paused by \`${pausedBy}\``;
  return `${answered} answered · ${pending.length} waiting${paused}`;
}

function utc(at: number): string {
  return `${new Date(at).toISOString().slice(0, 16).replace("T", " ")} UTC`;
}

/** Seconds as people say them. */
export function duration(seconds: number): string {
  if (seconds < 60) return `${Math.max(1, Math.round(seconds))} s`;
  const minutes = Math.floor(seconds / 60);
  return minutes < 60
    ? `${minutes} min ${Math.round(seconds % 60)} s`
    : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
