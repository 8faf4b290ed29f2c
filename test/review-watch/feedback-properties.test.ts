import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { FeedbackItem, LedgerRow } from "../../src/orchestrator/domain/feedback.ts";
import { noteResolutions, pendingItems, recordAnswers } from "../../src/orchestrator/domain/ledger.ts";
import type { Actor } from "../../src/orchestrator/domain/trigger.ts";
import type { RawFeedback, RawThreadComment } from "../../src/review-watch/raw-feedback.ts";
import { selectFeedback } from "../../src/review-watch/select-feedback.ts";
import {
  ann,
  baton,
  bob,
  comment,
  context,
  eve,
  githubActions,
  minute,
  pull,
  rabbit,
  reply,
  review,
  thread,
} from "./raw-builders.ts";

/** Pull requests at random, then all that may happen on them after everything was answered. */

const heard: readonly Actor[] = [ann, bob, rabbit];
const unheard: readonly Actor[] = [eve, githubActions, baton];
const anybody = fc.constantFrom(...heard, ...unheard);
const bodies = fc.constantFrom(
  "Please rename it.",
  "@baton look here",
  "- `src/a.ts:1` typo\n- `src/b.ts:2` unused",
  "<details><summary>Nitpick comments (1)</summary>\n\n`3-4`: **Name it.**\n\n</details>",
  "LGTM",
  "<!-- nothing -->",
  "/agent retry",
);
const states = fc.constantFrom("commented", "changes_requested", "approved", "dismissed", "pending");

/** Comments, reviews and threads; each piece of writing has a number, and is as old as it is small. */
const pullRequests: fc.Arbitrary<RawFeedback> = fc
  .record({
    threads: fc.array(
      fc.record({
        said: fc.array(fc.tuple(anybody, bodies), { minLength: 1, maxLength: 5 }),
        resolved: fc.boolean(),
        outdated: fc.boolean(),
      }),
      { maxLength: 4 },
    ),
    reviews: fc.array(fc.tuple(anybody, bodies, states), { maxLength: 4 }),
    comments: fc.array(fc.tuple(anybody, bodies), { maxLength: 4 }),
  })
  .map(({ threads, reviews, comments }) => {
    let id = 0;
    const next = () => {
      id += 1;
      return id;
    };
    return pull({
      threads: threads.map(({ said, resolved, outdated }) =>
        thread(
          said.map(([author, body]) => reply(next(), author, { body })),
          { resolved, outdated },
        ),
      ),
      reviews: reviews.map(([author, body, state]) => review(next(), author, { body, state })),
      comments: comments.map(([author, body]) => comment(next(), author, { body })),
    });
  });

/** What must never make anything pending. `pick` chooses where it happens. */
const noise = fc.record({
  kind: fc.constantFrom(
    ...([
      "our reply",
      "push",
      "outsider",
      "unheard bot",
      "command",
      "invisible",
      "draft",
      "bot edit",
      "deletion",
    ] as const),
    ...(["hidden", "our comment", "thanks", "approval", "read again"] as const),
  ),
  pick: fc.nat(20),
});
type Noise = typeof noise extends fc.Arbitrary<infer T> ? T : never;

describe("after everything was answered", () => {
  it("nothing is pending", () => {
    fc.assert(
      fc.property(pullRequests, (raw) => {
        const items = itemsOf(raw);
        expect(pendingItems(items, answerAll(items))).toEqual([]);
      }),
      { numRuns: 150 },
    );
  });

  it("nothing becomes pending by our replies, pushes, and the words of those who do not count, in any order", () => {
    fc.assert(
      fc.property(pullRequests, fc.array(noise, { maxLength: 12 }), (raw, noises) => {
        const ledger = answerAll(itemsOf(raw));
        let world = raw;
        let rows = ledger;
        for (const [index, one] of noises.entries()) {
          world = disturb(world, one, 1000 + index);
          const items = itemsOf(world);
          rows = noteResolutions(rows, items);
          expect(pendingItems(items, rows).map(({ id }) => id)).toEqual([]);
        }
      }),
      { numRuns: 150 },
    );
  });

  it("whoever counts and writes in an open thread makes it pending, and nothing else", () => {
    fc.assert(
      fc.property(
        pullRequests,
        fc.array(noise, { maxLength: 6 }),
        fc.constantFrom(...heard),
        fc.nat(20),
        (raw, noises, author, pick) => {
          const ledger = answerAll(itemsOf(raw));
          const disturbed = noises.reduce((world, one, index) => disturb(world, one, 1000 + index), raw);
          const open = disturbed.threads.filter(({ resolved, comments }) => !resolved && comments.length > 0);
          fc.pre(open.length > 0);
          const chosen = open[pick % open.length];
          const world = inThread(disturbed, chosen?.nodeId, reply(2000, author, { body: "One more thing." }));
          const ids = pendingItems(itemsOf(world), ledger).map(({ id }) => id);
          expect(ids).toEqual([`thread-${chosen?.firstCommentId}`]);
        },
      ),
      { numRuns: 150 },
    );
  });

  it("a person's edit of what counts makes it pending", () => {
    fc.assert(
      fc.property(pullRequests, fc.nat(20), (raw, pick) => {
        const ledger = answerAll(itemsOf(raw));
        const open = raw.threads.filter(({ resolved }) => !resolved);
        const own = open.flatMap((one) =>
          one.comments.filter(({ author, body }) => author?.type === "User" && author.id !== eve.id && counts(body)),
        );
        fc.pre(own.length > 0);
        const edited = own[pick % own.length]?.id;
        const world = mapThreads(raw, (one) => (one.id === edited ? { ...one, lastEditedAt: minute(3000) } : one));
        expect(pendingItems(itemsOf(world), ledger)).toHaveLength(1);
      }),
      { numRuns: 100 },
    );
  });

  it("new reviews and comments that count are pending, old ones are not", () => {
    fc.assert(
      fc.property(pullRequests, fc.constantFrom(...heard), (raw, author) => {
        const ledger = answerAll(itemsOf(raw));
        const world = {
          ...raw,
          reviews: [...raw.reviews, review(2000, author, { body: "This is wrong." })],
          comments: [...raw.comments, comment(2001, author, { body: "@baton see above" })],
        };
        const expected = author.type === "Bot" ? ["review-2000"] : ["review-2000", "comment-2001"];
        expect(pendingItems(itemsOf(world), ledger).map(({ id }) => id)).toEqual(expected);
      }),
      { numRuns: 100 },
    );
  });

  it("opening an answered thread again makes exactly that one pending", () => {
    fc.assert(
      fc.property(pullRequests, (raw) => {
        const items = itemsOf(raw);
        const closed = noteResolutions(answerAll(items), itemsOf(allThreads(raw, "resolved")));
        expect(pendingItems(itemsOf(allThreads(raw, "resolved")), closed)).toEqual([]);
        const again = pendingItems(itemsOf(allThreads(raw, "open")), closed).map(({ id }) => id);
        expect(again).toEqual(itemsOf(raw).flatMap(({ id, thread: place }) => (place ? [id] : [])));
      }),
      { numRuns: 100 },
    );
  });
});

describe("reading the same pull request", () => {
  it("gives the same in whatever order and however often its pages came", () => {
    fc.assert(
      fc.property(pullRequests, fc.infiniteStream(fc.nat(1000)), (raw, dice) => {
        const shuffle = <Item>(items: readonly Item[]): readonly Item[] =>
          [...items, ...items.filter(() => roll() % 3 === 0)]
            .map((item) => ({ item, key: roll() }))
            .toSorted((a, b) => a.key - b.key)
            .map(({ item }) => item);
        const roll = () => dice.next().value ?? 0;
        const pages = raw.threads.flatMap((one) => {
          const cut = roll() % (one.comments.length + 1);
          return roll() % 2 === 0
            ? [{ ...one, comments: shuffle(one.comments) }]
            : [
                { ...one, comments: shuffle(one.comments.slice(cut)) },
                { ...one, comments: shuffle(one.comments.slice(0, cut)) },
              ];
        });
        const again = { threads: shuffle(pages), reviews: shuffle(raw.reviews), comments: shuffle(raw.comments) };
        expect(selectFeedback(again, context)).toEqual(selectFeedback(raw, context));
      }),
      { numRuns: 150 },
    );
  });

  it("gives every item an id of its own, and each that is owed an answer something to read", () => {
    fc.assert(
      fc.property(pullRequests, (raw) => {
        const items = itemsOf(raw);
        expect(new Set(items.map(({ id }) => id)).size).toBe(items.length);
        for (const { entries } of items) expect(entries.some(({ body }) => body !== "")).toBe(true);
      }),
      { numRuns: 100 },
    );
  });

  it("shows no word of anybody who does not count, and lists it instead", () => {
    fc.assert(
      fc.property(pullRequests, (raw) => {
        const { items, leftOut } = selectFeedback(raw, context);
        const authors = new Set(items.flatMap(({ entries }) => entries.map(({ author }) => author.id)));
        expect(authors.has(eve.id) || authors.has(githubActions.id)).toBe(false);
        const eves = raw.comments.filter(({ author }) => author?.id === eve.id);
        expect(eves.every(({ id }) => leftOut.some((one) => one.surface === "comment" && one.id === id))).toBe(true);
      }),
      { numRuns: 100 },
    );
  });
});

function itemsOf(raw: RawFeedback): readonly FeedbackItem[] {
  return selectFeedback(raw, context).items;
}

function answerAll(items: readonly FeedbackItem[]): readonly LedgerRow[] {
  // Items of resolved threads were answered before somebody resolved them.
  const answers = Object.fromEntries(items.map(({ id }) => [id, { kind: "declined", reason: "No." } as const]));
  return recordAnswers([], { items, answers, run: "run-1", round: 1 }).map((row) => ({ ...row, closed: false }));
}

function disturb(raw: RawFeedback, { kind, pick }: Noise, id: number): RawFeedback {
  const nodeId = raw.threads[pick % Math.max(1, raw.threads.length)]?.nodeId;
  const victim = raw.threads.flatMap(({ comments }) => comments.map((one) => one.id))[pick];
  switch (kind) {
    case "our reply":
      return inThread(raw, nodeId, reply(id, baton, { body: "Fixed in abc1234." }));
    case "outsider":
      return inThread(raw, nodeId, reply(id, eve));
    case "unheard bot":
      return inThread(raw, nodeId, reply(id, githubActions));
    case "command":
      return inThread(raw, nodeId, reply(id, ann, { body: "/agent retry" }));
    case "invisible":
      return inThread(raw, nodeId, reply(id, rabbit, { body: "<!-- seen -->" }));
    case "draft":
      return inThread(raw, nodeId, reply(id, ann, { state: "pending" }));
    case "push":
      return { ...raw, threads: raw.threads.map((one) => ({ ...one, outdated: true, line: undefined })) };
    case "bot edit":
      return mapThreads(raw, (one) => (one.author?.type === "Bot" ? { ...one, lastEditedAt: minute(id) } : one));
    case "deletion":
      return {
        ...raw,
        threads: raw.threads.map((one) => ({ ...one, comments: one.comments.filter((said) => said.id !== victim) })),
      };
    case "hidden":
      return mapThreads(raw, (one) => (one.id === victim ? { ...one, minimized: true } : one));
    case "our comment":
      return { ...raw, comments: [...raw.comments, comment(id, baton, { body: "@baton is done" })] };
    case "thanks":
      return { ...raw, comments: [...raw.comments, comment(id, ann, { body: "thanks!" })] };
    case "approval":
      return { ...raw, reviews: [...raw.reviews, review(id, bob, { state: "approved" })] };
    case "read again":
      return { ...raw, threads: [...raw.threads.slice(0, 1), ...raw.threads].toReversed() };
  }
}

function inThread(raw: RawFeedback, nodeId: string | undefined, said: RawThreadComment): RawFeedback {
  return {
    ...raw,
    threads: raw.threads.map((one) => (one.nodeId === nodeId ? { ...one, comments: [...one.comments, said] } : one)),
  };
}

function mapThreads(raw: RawFeedback, change: (one: RawThreadComment) => RawThreadComment): RawFeedback {
  return { ...raw, threads: raw.threads.map((one) => ({ ...one, comments: one.comments.map(change) })) };
}

function allThreads(raw: RawFeedback, state: "resolved" | "open"): RawFeedback {
  return { ...raw, threads: raw.threads.map((one) => ({ ...one, resolved: state === "resolved" })) };
}

function counts(body: string): boolean {
  return !body.startsWith("/agent") && !body.startsWith("<!--");
}
