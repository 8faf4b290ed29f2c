import type { LedgerRow } from "./feedback.ts";
import type { Message } from "./message.ts";
import type { Asked } from "./review.ts";
import type { RunOrder } from "./run.ts";
import type { Trigger, TriggerSource } from "./trigger.ts";

/**
 * An order to the outside, verb first. Its identity is task + version + position in the decision. `queue_run` and
 * `cancel_run` are carried out by the store in the deciding transaction; all others go through the outbox.
 */
export type Effect =
  | { readonly type: "authorise"; readonly trigger: Trigger }
  | { readonly type: "react"; readonly to: TriggerSource }
  | { readonly type: "refresh_status" }
  /** Said once per key; when it was said before, the comment it is about gets a reaction instead. */
  | {
      readonly type: "say";
      readonly message: Message;
      readonly key: string;
      readonly about?: TriggerSource;
      /** Number of the pull request to say it on; the issue when left out, or where `about` stands. */
      readonly on?: number;
    }
  | { readonly type: "queue_run"; readonly run: string; readonly order: RunOrder }
  | { readonly type: "cancel_run"; readonly run: string }
  | { readonly type: "push_branch"; readonly run: string; readonly headSha: string }
  | { readonly type: "open_pull_request"; readonly run: string; readonly headSha: string }
  | { readonly type: "complete_check"; readonly run: string; readonly headSha: string }
  | { readonly type: "request_review"; readonly number: number; readonly login: string }
  /** Reads our pull request once it has been quiet until `notBefore` (ms since the epoch); one such waits at a time. */
  | {
      readonly type: "read_feedback";
      readonly number: number;
      readonly notBefore: number;
      readonly asked: Asked | undefined;
    }
  /** Says in a thread what became of it, once per version of the item. */
  | { readonly type: "reply_in_thread"; readonly number: number; readonly row: LedgerRow; readonly thread: ThreadKey }
  | { readonly type: "resolve_thread"; readonly item: string; readonly thread: ThreadKey }
  /** The `baton/review` check on a head: the ledger as a table. */
  | { readonly type: "report_review"; readonly headSha: string };

/** How a thread is found again. */
export interface ThreadKey {
  readonly nodeId: string;
  readonly firstCommentId: number;
}
