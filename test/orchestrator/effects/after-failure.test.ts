import { describe, expect, it } from "vitest";
import { afterFailure } from "../../../src/orchestrator/effects/after-failure.ts";
import type { OutboxEffect } from "../../../src/orchestrator/effects/execute.ts";
import { InDoubt, Refused } from "../../../src/orchestrator/effects/failure.ts";
import type { GitHubFailureCode } from "../../../src/orchestrator/ports.ts";
import { labelled, monday, sha } from "../../support/builders.ts";

const push: OutboxEffect = { type: "push_branch", run: "500-7-5", headSha: sha.head };

function failure(code: GitHubFailureCode, retryAt?: number): Error {
  return Object.assign(new Error(`GitHub said ${code}`), { code, retryAt });
}

function verdictOn(cause: unknown, attempts = 1, effect = push) {
  return afterFailure({ effect, attempts, now: monday, cause });
}

describe("what to do about an effect that did not succeed", () => {
  it("waits exactly as long as GitHub asks", () => {
    expect(verdictOn(failure("rate_limited", monday + 90_000))).toMatchObject({
      kind: "later",
      nextAt: monday + 90_000,
    });
  });

  it("waits a minute when GitHub does not say how long", () => {
    expect(verdictOn(failure("rate_limited"))).toMatchObject({ kind: "later", nextAt: monday + 60_000 });
  });

  it("never gives up over a rate limit, however often", () => {
    expect(verdictOn(failure("rate_limited", monday + 1), 500)).toMatchObject({ kind: "later" });
  });

  it("looks again after 1, 2, 4 … seconds when the outcome is in doubt, at most five minutes apart", () => {
    const waits = [1, 2, 3, 10, 19].map((attempts) => {
      const verdict = verdictOn(failure("doubt"), attempts);
      return verdict.kind === "later" ? verdict.nextAt - monday : undefined;
    });
    expect(waits).toEqual([1_000, 2_000, 4_000, 300_000, 300_000]);
    expect(verdictOn(new InDoubt("The push was cut off."), 2)).toMatchObject({ kind: "later", nextAt: monday + 2_000 });
  });

  it("gives a fresh object three more chances to appear", () => {
    expect([1, 2, 3, 4].map((attempts) => verdictOn(failure("not_found"), attempts).kind)).toEqual([
      "later",
      "later",
      "later",
      "never",
    ]);
  });

  it.each<GitHubFailureCode>(["forbidden", "locked", "gone", "invalid", "exists"])(
    "does not ask again after %s",
    (code) => {
      expect(verdictOn(failure(code))).toMatchObject({ kind: "never", reason: `GitHub said ${code}` });
    },
  );

  it("gives a branch or commit that was just pushed three chances to be known", () => {
    const open: OutboxEffect = { ...push, type: "open_pull_request" };
    const kinds = [1, 2, 3, 4].map((attempts) => verdictOn(failure("invalid"), attempts, open).kind);
    expect(kinds).toEqual(["later", "later", "later", "never"]);
  });

  it("does not give up over an answer that is new after other trouble, unless it is repeated", () => {
    const again = (previous: string, attempts: number) =>
      afterFailure({ effect: push, attempts, previous, now: monday, cause: failure("conflict") }).kind;
    expect(again("GitHub said doubt", 9)).toBe("later");
    expect(again("GitHub said conflict", 9)).toBe("never");
    expect(again("GitHub said doubt", 20)).toBe("never");
  });

  it("counts a failed try, and not a pause", () => {
    expect(verdictOn(failure("doubt"))).toMatchObject({ counts: "try" });
    expect(verdictOn(failure("rate_limited"))).toMatchObject({ counts: "pause" });
  });

  it("lets the task know when publishing is over", () => {
    expect(verdictOn(new Refused("The branch is protected."))).toEqual({
      kind: "never",
      reason: "The branch is protected.",
      event: { type: "publish_refused", at: monday, run: "500-7-5", reason: "The branch is protected." },
    });
  });

  it("refuses a trigger that cannot be checked, and never runs it", () => {
    const verdict = verdictOn(failure("forbidden"), 1, { type: "authorise", trigger: labelled() });
    expect(verdict).toMatchObject({
      kind: "never",
      event: { type: "trigger_refused", refusal: { kind: "unsupported_repository" } },
    });
  });

  it("does not tell people the text of a defect of ours", () => {
    expect(verdictOn(new TypeError("secret is undefined"), 9)).toMatchObject({
      kind: "never",
      reason: "Something went wrong inside the app; the operator's log has the cause.",
    });
  });

  it("has nothing to tell the task when only a reaction fails", () => {
    expect(
      verdictOn(failure("gone"), 1, { type: "react", to: { kind: "comment", commentId: 31, thread: 7 } }),
    ).toMatchObject({
      kind: "never",
      event: undefined,
    });
  });
});
