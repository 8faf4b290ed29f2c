import type { Policy } from "./policy.ts";
import type { Asked, Reading } from "./review.ts";
import type { RunOutcome } from "./run.ts";
import type { Snapshot } from "./snapshot.ts";
import type { Phase } from "./task.ts";
import type { Actor, Refusal, Trigger, Wish } from "./trigger.ts";

/** A fact, in the past tense. `at` is milliseconds since the epoch, taken from GitHub where GitHub said it. */
export type Event = { readonly at: number } & (
  | { readonly type: "trigger_received"; readonly trigger: Trigger }
  | { readonly type: "trigger_authorised"; readonly trigger: Trigger; readonly grant: Grant }
  | { readonly type: "trigger_refused"; readonly trigger: Trigger; readonly refusal: Refusal }
  /** The label turned out not to be this repository's trigger label: nobody asked for anything. */
  | { readonly type: "trigger_dismissed"; readonly trigger: Trigger }
  | { readonly type: "label_removed"; readonly label: string; readonly actor: Actor }
  | { readonly type: "issue_closed"; readonly actor: Actor }
  /** Somebody else's run started or ended, so this task's place in the queue is another one. */
  | { readonly type: "queue_moved" }
  | { readonly type: "run_started"; readonly run: string }
  | { readonly type: "run_phase_changed"; readonly run: string; readonly phase: Phase }
  | { readonly type: "run_interrupted"; readonly run: string }
  | { readonly type: "run_ended"; readonly run: string; readonly outcome: RunOutcome; readonly seconds: number }
  | { readonly type: "branch_pushed"; readonly run: string; readonly headSha: string }
  | { readonly type: "publish_refused"; readonly run: string; readonly reason: string }
  | {
      readonly type: "pull_request_opened";
      readonly run: string;
      readonly number: number;
      readonly headSha: string;
      readonly draft: boolean;
    }
  /** Something was written or resolved on our pull request: a reason to look, nothing more. */
  | { readonly type: "feedback_noticed"; readonly number: number }
  /** Our pull request was read. `asked` when somebody wants a round now. */
  | { readonly type: "feedback_read"; readonly reading: Reading; readonly asked: Asked | undefined }
  | {
      readonly type: "draft_changed";
      readonly number: number;
      readonly draft: boolean;
      readonly actor: Actor;
    }
  /** It could not be weighed, because the repository's rules cannot be used. */
  | {
      readonly type: "feedback_unread";
      readonly number: number;
      readonly refusal: Refusal;
      readonly asked: Asked | undefined;
    }
  /** GitHub does not let us resolve threads here. */
  | { readonly type: "resolution_refused"; readonly reason: string }
  | { readonly type: "pull_request_closed"; readonly number: number; readonly merged: boolean; readonly actor: Actor }
);

/** Events that mean something else for each kind of work. The others mean the same whatever a task is busy with. */
export type WorkEvent = Exclude<
  Event,
  {
    readonly type:
      | "trigger_received"
      | "pull_request_closed"
      | "feedback_noticed"
      | "feedback_read"
      | "feedback_unread"
      | "draft_changed"
      | "resolution_refused";
  }
>;

/** What the authorisation found, for a wish that may go on. */
export type Grant =
  | {
      readonly verb: "run";
      readonly permission: string;
      readonly profile: string;
      readonly policy: Policy;
      readonly snapshot: Snapshot;
    }
  | { readonly verb: Exclude<Wish["verb"], "run">; readonly permission: string };
