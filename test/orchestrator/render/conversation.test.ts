import { describe, expect, it } from "vitest";
import type { Message } from "../../../src/orchestrator/domain/message.ts";
import type { FailureClass, Task } from "../../../src/orchestrator/domain/task.ts";
import type { Refusal } from "../../../src/orchestrator/domain/trigger.ts";
import { commitMessage } from "../../../src/orchestrator/render/commit-message.ts";
import { renderMessage } from "../../../src/orchestrator/render/messages.ts";
import { checkSummary, pullRequestBody, pullRequestTitle } from "../../../src/orchestrator/render/pull-request.ts";
import { renderStatus } from "../../../src/orchestrator/render/status-comment.ts";
import {
  ann,
  aPolicy,
  aReport,
  aSnapshot,
  aStartedTask,
  aTask,
  helperBot,
  monday,
  sha,
} from "../../support/builders.ts";

const commands = [{ usage: "/agent run [profile]", meaning: "start" }];
const run = "500-7-5";

describe("the status comment", () => {
  const input = { comments: 2, leftOut: ["comment by rita (no push permission)"], removed: 3 };
  const lastRun = { id: run, profile: "default", end: "pull_request", seconds: 95 } as const;
  const tasks: readonly (readonly [string, Task, number | undefined])[] = [
    ["queued", aStartedTask({ work: { kind: "queued", run } }), 2],
    ["running", aStartedTask({ work: { kind: "running", run, phase: "agent_working", since: monday } }), undefined],
    ["stopping", aStartedTask({ work: { kind: "stopping", run, by: "ann" } }), undefined],
    ["publishing", aStartedTask({ work: { kind: "publishing", run, headSha: sha.head } }), undefined],
    [
      "in review",
      aStartedTask({ pullRequest: { kind: "open", number: 8, headSha: sha.head }, rounds: 1, lastRun }),
      undefined,
    ],
    ["merged", aStartedTask({ pullRequest: { kind: "merged", number: 8 }, rounds: 1, lastRun }), undefined],
    [
      "stopped",
      aStartedTask({ halt: { kind: "stopped", by: "ann" }, lastRun: { ...lastRun, end: "stopped" } }),
      undefined,
    ],
    ["blocked", aStartedTask({ halt: { kind: "blocked", cause: "gate", detail: "" }, lastRun }), undefined],
    ["failed", aStartedTask({ halt: { kind: "failed", class: "setup_failed", detail: "" }, lastRun }), undefined],
    ["nothing to change", aStartedTask({ lastRun: { ...lastRun, end: "nothing_to_change" } }), undefined],
    ["nothing yet", aTask(), undefined],
  ];
  it.each(tasks)("%s", (_, task, position) => {
    expect(renderStatus(task, { position, input: task.snapshotHash ? input : undefined })).toMatchSnapshot();
  });
});

describe("refusals say why and what to do next", () => {
  const refusals: readonly Refusal[] = [
    { kind: "permission", has: "triage" },
    { kind: "edited_command" },
    { kind: "quoted_command" },
    { kind: "unknown_command", word: "rnu`@ann" },
    { kind: "bad_argument", usage: "/agent run [profile]", detail: "Too many words." },
    { kind: "bad_config", file: ".github/agent.yml", problems: ['line 1, column 1: Unrecognized key: "lable"'] },
    { kind: "unknown_profile", profile: "fast", known: ["default", "claude"] },
    { kind: "edited_by_stranger", login: "rita", seconds: 40 },
    { kind: "already_running" },
    { kind: "pull_request_open", number: 8 },
    { kind: "nothing_to_stop" },
    { kind: "issue_closed" },
    { kind: "label_on_pull_request" },
    { kind: "command_not_here", where: "issue" },
    { kind: "unsupported_repository", reason: "Submodules are not supported yet." },
  ];
  it.each(refusals)("$kind", (refusal) => {
    expect(renderMessage({ kind: "refusal", to: ann, refusal }, commands)).toMatchSnapshot();
  });

  it("do not mention a bot, which might answer", () => {
    expect(renderMessage({ kind: "refusal", to: helperBot, refusal: { kind: "bot" } }, commands)).toMatchSnapshot();
  });
});

describe("new comments mention the person they are for", () => {
  const messages: readonly Message[] = [
    { kind: "help", to: ann },
    { kind: "question", to: ann, question: "Round half up,\nor half to even? @tim may know. Fixes #3" },
    { kind: "nothing_to_change", to: ann, reason: "The totals are right since v2." },
    { kind: "blocked", to: ann, reasons: ["`.github/workflows/ci.yml` may not be changed."], run, kept: "as_patch" },
    { kind: "limit_reached", to: ann, which: "minutes" },
    { kind: "failed", to: ann, class: "setup_failed", detail: "npm error code ENOENT\n```\n@ann" },
  ];
  it.each(messages)("$kind", (message) => {
    expect(renderMessage(message, commands)).toMatchSnapshot();
  });

  const classes: readonly FailureClass[] = [
    "agent_missing",
    "agent_crashed",
    "setup_failed",
    "sandbox_unavailable",
    "repository_unreadable",
    "lost_worker",
    "publish_refused",
    "bad_result",
    "internal",
  ];
  it.each(classes)("failed: %s names the next step", (failure) => {
    const text = renderMessage({ kind: "failed", to: ann, class: failure, detail: "" }, commands);
    expect(text).toMatch(/^@ann, this run failed\. .+\n\nNext: .+\.$/s);
  });
});

describe("the pull request", () => {
  const order = {
    purpose: "implement",
    profile: "default",
    policy: aPolicy(),
    snapshot: aSnapshot(),
    branch: "agent/issue-7",
    parent: undefined,
    requestedBy: ann,
  } as const;
  const facts = { issue: 7, run, order, report: aReport(), draftRefused: "no" } as const;

  it("carries the context a reviewer needs", () => {
    expect(pullRequestTitle(facts)).toBe("Round once, at the end");
    expect(pullRequestBody(facts)).toMatchSnapshot();
  });

  it("says so when nothing verified it and the agent said nothing", () => {
    const report = aReport({
      hasResult: false,
      title: "",
      summary: "",
      decisions: [],
      verification: { kind: "not_configured" },
    });
    expect(pullRequestTitle({ ...facts, report })).toBe("Totals are one cent off");
    expect(pullRequestBody({ ...facts, report })).toMatchSnapshot();
  });

  it("warns at the top of a red verification, flagged paths and a refused draft", () => {
    const verification = { kind: "failed", command: "npm test", tail: "1 failed", attempts: 2 } as const;
    const report = aReport({
      verification,
      flaggedPaths: ["package.json"],
      blockedHosts: ["telemetry.example:443"],
      notDone: ["The invoice page."],
    });
    expect(pullRequestBody({ ...facts, report, draftRefused: "yes" })).toMatchSnapshot();
    expect(checkSummary({ report, run })).toMatchSnapshot();
  });

  it("fills the repository's title pattern literally, whatever the title holds", () => {
    const policy = aPolicy({ pullRequest: { draft: false, title: "fix: {title} (#{number})" } });
    const report = aReport({ title: "$& {number} costs" });
    expect(pullRequestTitle({ ...facts, order: { ...order, policy }, report })).toMatchSnapshot();
  });

  it("disarms what an agent's text would set off", () => {
    const report = aReport({
      summary: "Closes #1, @dependabot rebase\n/retest\n![x](https://evil.example/p.png) <script>1</script>",
      decisions: ["fixes acme/other#9"],
    });
    expect(pullRequestBody({ ...facts, report })).toMatchSnapshot();
  });

  it("has a commit with the agent's words and our trailers", () => {
    expect(
      commitMessage({
        title: "Round once, at the end",
        summary: "Totals were rounded per line.\n\nSigned-off-by: someone <x@y>",
        run,
        order,
      }),
    ).toMatchSnapshot();
  });
});
