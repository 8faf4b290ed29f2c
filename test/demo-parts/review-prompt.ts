import { renderFeedbackPrompt } from "../../src/agent-runner/index.ts";
import { findingsInBody } from "../../src/review-watch/findings-in-body.ts";
import type { ReviewPlot } from "../support/demo/review/plot.ts";
import type { Scenario } from "../support/scenario.ts";

const max = { id: 7, login: "max", type: "User" };
const hound = { id: 8, login: "harbour-hound[bot]", type: "Bot" };
const us = { id: 9, login: "baton[bot]", type: "Bot" };

type Item = Parameters<typeof renderFeedbackPrompt>[0]["round"]["items"][number];

/** The prompt that Baton makes of a plot's feedback: everything in round 1, the question with its answer in round 2. */
export function promptOfRound(number: 1 | 2, { issue }: Scenario, plot: ReviewPlot): string {
  const items = number === 1 ? firstRound(plot) : secondRound(plot);
  const talk: Item = {
    id: "comment-1",
    surface: "comment",
    by: max,
    owed: "context",
    entries: [said(max, "### Well done\n\nI will look at it tonight.")],
  };
  return renderFeedbackPrompt({
    rules: "",
    snapshot: { title: issue.title, body: issue.body, comments: [], guidance: "" },
    baseInstructions: undefined,
    verifyCommands: ["npm test"],
    protectedPaths: [],
    fence: `=====${"0123456789abcdef".repeat(2)}=====`,
    retryTail: undefined,
    round: {
      number,
      pullRequest: 2,
      selfId: us.id,
      items: [...items, talk],
      earlier: [],
      answered: [],
      missing: [],
      note: undefined,
    },
  });
}

function firstRound({ person, bot }: ReviewPlot): readonly Item[] {
  const ofPerson = person.map((thread, index) => threadItem(`thread-1${index}`, max, thread));
  const ofBot = bot.threads.map((thread, index) => threadItem(`thread-2${index}`, hound, thread));
  const inBody = findingsInBody(bot.body, "bot").findings.map(
    ({ text, path = "", line }, index): Item => ({
      id: `review-3-${index + 1}`,
      surface: "review_body",
      by: hound,
      owed: "answer",
      entries: [said(hound, text)],
      place: { path, line, hunk: "", outdated: false },
    }),
  );
  return [...ofPerson, ...ofBot, ...inBody];
}

function secondRound({ person }: ReviewPlot): readonly Item[] {
  return person.flatMap((thread, index) => {
    if (thread.answer !== "question") return [];
    const item = threadItem(`thread-1${index}`, max, thread);
    const question = said(us, "@max Which time zone is that? The suite runs in `Europe/Amsterdam`.");
    return [{ ...item, entries: [...item.entries, question, said(max, thread.reply)] }];
  });
}

function threadItem(id: string, by: Item["by"], { on, says }: ReviewPlot["person"][number]): Item {
  const place = { path: on.path, line: 7, hunk: `@@ -1,7 +1,7 @@\n+${on.line}`, outdated: false };
  return { id, surface: "thread", by, owed: "answer", entries: [said(by, says)], place };
}

function said(author: Item["by"], body: string): Item["entries"][number] {
  return { author, at: Date.UTC(2026, 5, 1), body };
}
