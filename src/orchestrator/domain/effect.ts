import type { Message } from "./message.ts";
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
  | { readonly type: "say"; readonly message: Message; readonly key: string; readonly about?: TriggerSource }
  | { readonly type: "queue_run"; readonly run: string; readonly order: RunOrder }
  | { readonly type: "cancel_run"; readonly run: string }
  | { readonly type: "push_branch"; readonly run: string; readonly headSha: string }
  | { readonly type: "open_pull_request"; readonly run: string; readonly headSha: string }
  | { readonly type: "complete_check"; readonly run: string; readonly headSha: string }
  | { readonly type: "request_review"; readonly number: number; readonly login: string };
