import type { Event } from "../orchestrator/domain/event.ts";
import type { Repository } from "../orchestrator/domain/task.ts";

/** What one delivery tells about one issue, ready for the orchestrator. */
export interface Fact {
  readonly repository: Repository;
  readonly installationId: number;
  /** Number of the issue whose task this concerns; for a pull request without a task, its own number. */
  readonly issue: number;
  readonly title: string;
  readonly event: Event;
  /** Repository, object, action and object version: the same for one fact under any delivery id (security.md T02). */
  readonly semanticKey: string;
}

/** Who we are, by number: names can be taken by others (security.md T09). */
export interface Ourselves {
  readonly appId: number;
  readonly botUserId: number;
}

/** What the families need to know beside the payload. */
export interface FamilyContext {
  readonly ourselves: Ourselves;
  /** The issue whose task opened this pull request, from our own records only (security.md T10). */
  readonly taskOfPullRequest: (
    repositoryId: number,
    number: number,
  ) => Promise<{ readonly issue: number; readonly title: string } | undefined>;
}

/** Turns the payload of one exact `event.action` into a fact, or nothing. */
export type Family = (payload: unknown, context: FamilyContext) => Promise<Fact | undefined>;
