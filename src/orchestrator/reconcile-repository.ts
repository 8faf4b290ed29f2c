import { isHandledLabelling } from "./domain/late-news.ts";
import type { Trigger } from "./domain/trigger.ts";
import type { Place } from "./ports.ts";
import { aboutPlace, attempt, longestMemoryMs, overlapMs, type Pass, recover } from "./reconcile-pass.ts";
import type { ChangedComment, ChangedIssue, Thread } from "./reconcile-ports.ts";
import { isMeaningKnown } from "./store/deliveries.ts";
import { readLook, saveLook } from "./store/looks.ts";
import { findTaskByPullRequest, readTask } from "./store/tasks.ts";

/** What of a repository is looked at. Milliseconds since the epoch. */
interface Look {
  readonly at: Place;
  /** What changed since then is listed. */
  readonly since: number;
  /** What was done before then is not taken up. */
  readonly oldest: number;
}

/**
 * Labels and commands in one repository that no webhook told of. A quiet repository costs one request: every label and
 * comment counts as a change of its issue. How far was looked is saved only when all of it went well.
 */
export async function readRepository(pass: Pass, at: Place): Promise<void> {
  const { store, github, startedAt } = pass;
  const { installationId, repository } = at;
  await attempt(pass, { installationId, about: aboutPlace(at) }, async () => {
    const known = await readLook(store.db, repository.id);
    if (!known) return;
    const oldest = Math.max(known.firstSeenAt, startedAt - longestMemoryMs);
    const since = Math.max(oldest, (known.readUntil ?? 0) - overlapMs);
    const changed = await github.listChangedIssues(at, since);
    const troubles = pass.counts.troubled;
    if (changed.length > 0) {
      await recoverLabels(pass, { at, since, oldest }, changed);
      await recoverCommands(pass, { at, since, oldest });
      await noticeReviews(pass, at, changed);
    }
    if (pass.counts.troubled === troubles && !pass.signal.aborted) await saveLook(store.db, repository.id, startedAt);
  });
}

/** Whatever is written or resolved on a pull request is a change of it; what it was, a reading tells. */
async function noticeReviews(pass: Pass, at: Place, changed: readonly ChangedIssue[]): Promise<void> {
  const { store, orchestrator, clock } = pass;
  for (const { number } of changed.filter((each) => each.isPullRequest && each.state === "open")) {
    const task = await findTaskByPullRequest(store.db, at.repository.id, number);
    if (!task) continue;
    const event = { type: "feedback_noticed", at: clock(), number } as const;
    await orchestrator.tell(task.id, event);
  }
}

async function recoverLabels(pass: Pass, look: Look, changed: readonly ChangedIssue[]): Promise<void> {
  const labelled = changed.filter((each) => each.state === "open" && !each.isPullRequest && each.labels.length > 0);
  if (labelled.length === 0) return;
  const isTrigger = await pass.words.triggerLabels(look.at);
  for (const { number } of labelled.filter((each) => each.labels.some(isTrigger))) {
    const about = { ...aboutPlace(look.at), issue: number };
    await attempt(pass, { installationId: look.at.installationId, about }, async () => {
      const thread = await pass.github.readThread(look.at, number);
      const { repository, installationId } = look.at;
      for (const trigger of await labellingsMissed(pass, look, { number, thread, isTrigger })) {
        const event = { type: "trigger_received", at: trigger.at, trigger } as const;
        await recover(pass, { repository, installationId, issue: number, title: thread.title, event });
      }
    });
  }
}

interface LabelledThread {
  readonly number: number;
  readonly thread: Thread;
  readonly isTrigger: (label: string) => boolean;
}

/** The newest labelling of each trigger label on the issue, oldest first, unless the task saw it or we did it. */
async function labellingsMissed(
  { store, self }: Pass,
  { at, oldest }: Look,
  { number, thread, isTrigger }: LabelledThread,
): Promise<readonly Trigger[]> {
  const task = await readTask(store.db, `${at.repository.id}-${number}`);
  const newest = new Map(thread.labelings.map((labelling) => [labelling.label.toLowerCase(), labelling]));
  const present = thread.labels.filter(isTrigger).flatMap((label) => newest.get(label.toLowerCase()) ?? []);
  const triggers = present.flatMap(({ label, at, actor }): Trigger[] => {
    if (!actor || actor.id === self.botUserId || at < oldest) return [];
    const issue = { title: thread.title, body: thread.body, asOf: thread.updatedAt };
    return [{ wish: { verb: "run" }, source: { kind: "label", label }, actor, at, guidance: "", issue }];
  });
  return triggers
    .filter((trigger) => !(task && isHandledLabelling(task, trigger)))
    .toSorted((one, other) => one.at - other.at);
}

/** Comments are what they were written as, or nothing: an edited one never runs (product.md §1). */
async function recoverCommands(pass: Pass, look: Look): Promise<void> {
  const comments = await pass.github.listChangedComments(look.at, look.since);
  for (const comment of comments) {
    if (comment.updatedAt !== comment.createdAt || comment.createdAt < look.oldest) continue;
    const about = { ...aboutPlace(look.at), comment: comment.id };
    await attempt(pass, { installationId: look.at.installationId, about }, () =>
      recoverComment(pass, look.at, comment),
    );
  }
}

/** GitHub is asked further only when the comment says something to us that its webhook did not tell. */
async function recoverComment(pass: Pass, at: Place, comment: ChangedComment): Promise<void> {
  const { github } = pass;
  const unread = { title: "", body: "", isPullRequest: false, updatedAt: comment.createdAt };
  const sketch = await pass.words.readComment(at, comment, unread);
  const meaning = sketch?.delivery.semanticKey;
  if (!sketch || meaning === undefined || (await isMeaningKnown(pass.store.db, meaning))) return;
  if (!(await github.isUnedited(at, comment))) return;
  const fact = await pass.words.readComment(at, comment, await github.readThread(at, comment.thread));
  if (fact) await recover(pass, fact);
}
