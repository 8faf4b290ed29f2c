import type { Event } from "../domain/event.ts";
import type { RunOrder, RunReport } from "../domain/run.ts";
import type { Snapshot } from "../domain/snapshot.ts";
import type { Task } from "../domain/task.ts";
import type { Authoriser, Clock, Git, GitHub, Place, ReviewReader } from "../ports.ts";
import type { CommandHelp } from "../render/messages.ts";
import type { StatusFacts } from "../render/status-comment.ts";

/** Everything an executor may use. */
export interface EffectContext {
  readonly task: Task;
  /** With `beforeWrite` set: whoever writes proves first, as late as can be, that the effect is still its own. */
  readonly at: Place & { readonly beforeWrite: () => Promise<void> };
  /** Tries so far, this one included. */
  readonly attempts: number;
  /** `in_doubt` when an earlier try may have been applied: look before you write (github.md §4). */
  readonly outcome: "fresh" | "in_doubt";
  readonly ports: EffectPorts;
  readonly facts: EffectFacts;
}

export interface EffectPorts {
  readonly github: GitHub;
  readonly git: Git;
  readonly authoriser: Authoriser;
  readonly reviewer: ReviewReader;
  readonly clock: Clock;
  readonly commands: readonly CommandHelp[];
}

/** What the store knows beside the task. */
export interface EffectFacts {
  /** Id of an object of ours in GitHub, by its key within the task. */
  objectId(key: string): Promise<string | undefined>;
  status(): Promise<StatusFacts>;
  run(run: string): Promise<PublishableRun>;
  /** The input of the task's last run: rounds go on from it. */
  lastSnapshot(): Promise<Snapshot | undefined>;
}

/** A run whose work passed the gate. */
export interface PublishableRun {
  readonly order: RunOrder;
  readonly report: RunReport;
  /** Where our branch was when the work began; undefined when there was none. */
  readonly parent: string | undefined;
  readonly bundle: Buffer;
}

/** What a carried out effect leaves behind, saved in one transaction with its completion. */
export interface Done {
  /** Ids of objects we made, by key. */
  readonly remember?: Readonly<Record<string, string>>;
  /** The fact that the task should know. */
  readonly event?: Event;
}
