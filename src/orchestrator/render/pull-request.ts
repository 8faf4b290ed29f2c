import { codeSpan } from "../../text/code-block.ts";
import { fencedBlock, oneLine, publishText } from "../../text/publish-text.ts";
import { assertNever } from "../domain/decision.ts";
import type { ModelUsage, RunOrder, RunReport, Verification } from "../domain/run.ts";
import { duration } from "./status-comment.ts";

/** What a pull request and its check are made of. */
export interface PullRequestFacts {
  readonly issue: number;
  readonly run: string;
  readonly order: RunOrder;
  readonly report: RunReport;
  /** True when GitHub refused a draft although one was wanted. */
  readonly draftRefused: "yes" | "no";
}

/** Code points. Together they stay below what a pull request may hold, with room for our own words (security.md T34). */
const maxSummary = 20_000;
const maxItem = 1_000;
const maxItems = 10;
const maxTail = 6_000;

/** The title by the repository's pattern: `{title}` and `{number}`. */
export function pullRequestTitle(facts: Pick<PullRequestFacts, "issue" | "order" | "report">): string {
  const { report, order, issue } = facts;
  const title = oneLine(report.title, 200) || oneLine(order.snapshot.title, 200) || `Changes for issue ${issue}`;
  const pattern = order.policy.pullRequest.title;
  return pattern.replaceAll("{number}", String(issue)).replaceAll("{title}", () => title);
}

/** The context a reviewer lacks, not a narration of the diff (product.md §2). */
export function pullRequestBody(facts: PullRequestFacts): string {
  const { report, order } = facts;
  return [
    ...warnings(facts),
    report.summary ? publishText(report.summary, maxSummary) : "_The agent left no summary; the title is the issue's._",
    "",
    ...list("Decisions to know", report.decisions),
    "### Verification",
    "",
    verificationText(report.verification),
    "",
    ...list("Not done", report.notDone),
    ...list(
      "Blocked hosts",
      report.blockedHosts.map((host) => `\`${host}\``),
    ),
    ...howToAllow(report.blockedHosts),
    "---",
    `Closes #${facts.issue}`,
    "",
    `<sub>Run \`${facts.run}\` · profile \`${order.profile}\` · input \`${order.snapshot.hash.slice(0, 12)}\` · ${duration(report.seconds)}${usageText(report.usage)} · ${report.changedFiles} ${report.changedFiles === 1 ? "file" : "files"} · requested by \`${order.requestedBy.login}\`</sub>`,
  ].join("\n");
}

/** Text of the `baton` check on the pushed head. */
export function checkSummary(facts: Pick<PullRequestFacts, "report" | "run">): {
  readonly title: string;
  readonly summary: string;
} {
  const { report } = facts;
  const hosts =
    report.blockedHosts.length > 0
      ? [
          `Blocked hosts: ${report.blockedHosts.map((host) => `\`${host}\``).join(", ")}`,
          ...howToAllow(report.blockedHosts),
        ]
      : [];
  return {
    title: verificationTitle(report.verification),
    summary: [
      publishText(report.summary, maxSummary) || "The agent left no summary.",
      "",
      verificationText(report.verification),
      "",
      ...hosts,
      `Run \`${facts.run}\`, ${duration(report.seconds)}${usageText(report.usage)}.`,
    ].join("\n"),
  };
}

/** The operator's line that would let a run reach them; whether it should is a person's decision. */
function howToAllow(hosts: readonly string[]): readonly string[] {
  if (hosts.length === 0) return [];
  const shown = hosts.slice(0, maxItems).map((host) => JSON.stringify(oneLine(host, 300)));
  return [
    `The operator allows them in baton.yml with ${codeSpan(`sandbox: { network: [${shown.join(", ")}] }`)}, or for this repository alone under \`repositories\`.`,
    "",
  ];
}

/** What the model cost in its own coin; empty for agents that nobody counts for. */
function usageText(usage: ModelUsage | undefined): string {
  if (!usage) return "";
  const thousands = (count: number) => count.toLocaleString("en-US");
  return ` · ${thousands(usage.input + usage.output)} tokens in ${thousands(usage.requests)} ${usage.requests === 1 ? "request" : "requests"}`;
}

function warnings(facts: PullRequestFacts): readonly string[] {
  const lines: string[] = [];
  if (facts.report.verification.kind === "failed")
    lines.push("> [!WARNING]", "> The verification is still red; see below.", "");
  if (facts.draftRefused === "yes")
    lines.push("> [!NOTE]", "> This should be a draft, but the repository does not allow drafts.", "");
  if (facts.report.flaggedPaths.length > 0) {
    const shown = facts.report.flaggedPaths.slice(0, 20).map(codeSpan);
    lines.push("> [!IMPORTANT]", `> Look closely at: ${shown.join(", ")}`, "");
  }
  return lines;
}

function list(title: string, items: readonly string[]): readonly string[] {
  return items.length === 0
    ? []
    : [
        `### ${title}`,
        "",
        ...items.slice(0, maxItems).map((item) => `- ${publishText(item, maxItem).replaceAll("\n", "\n  ")}`),
        "",
      ];
}

function verificationTitle(verification: Verification): string {
  switch (verification.kind) {
    case "not_configured":
      return "Not verified: no verify commands configured";
    case "passed":
      return "Verified in a fresh clone";
    case "failed":
      return "Verification is red";
    default:
      return assertNever(verification);
  }
}

function verificationText(verification: Verification): string {
  switch (verification.kind) {
    case "not_configured":
      return "Not verified: no verify commands configured.";
    case "passed":
      return [
        `Passed in a fresh clone: ${verification.commands.map(codeSpan).join(", ")}`,
        "",
        ...outputTail(verification.tail),
      ].join("\n");
    case "failed":
      return [
        `Failed after ${verification.attempts} ${verification.attempts === 1 ? "try" : "tries"}: ${codeSpan(verification.command)}`,
        "",
        ...outputTail(verification.tail),
      ].join("\n");
    default:
      return assertNever(verification);
  }
}

function outputTail(tail: string): readonly string[] {
  return tail.trim() === ""
    ? []
    : ["<details><summary>Output</summary>", "", fencedBlock(tail.slice(-maxTail)), "", "</details>"];
}
