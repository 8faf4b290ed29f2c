import type { Stage } from "./stage.ts";

/** Prints what people see in GitHub as it happens, each line with the time since the label. */
export interface Narrator {
  say(line: string): void;
  /** Prints what is new since the last look. */
  look(stage: Stage, issue: number): void;
}

type Comment = ReturnType<Stage["github"]["conversation"]>[number];
type Pull = ReturnType<Stage["github"]["pullRequests"]>[number];

/** Says a line when what is known by a key has changed. */
type News = (key: string, value: string, line: (before: string | undefined) => string) => void;

/** A narrator for people. Its clock starts with the first thing it says. */
export function createNarrator(write: (text: string) => void): Narrator {
  let start: number | undefined;
  const seen = new Map<string, string>();
  const say = (line: string): void => {
    start ??= Date.now();
    write(`${((Date.now() - start) / 1000).toFixed(1).padStart(6)} s  ${line}\n`);
  };
  const news: News = (key, value, line) => {
    const before = seen.get(key);
    if (before === value) return;
    seen.set(key, value);
    say(line(before));
  };
  return {
    say,
    look(stage, issue) {
      tellConversation(stage, issue, news);
      for (const pull of stage.github.pullRequests(stage.repository)) {
        tellPull(stage, pull, news);
        tellReviews(stage, pull, news);
        tellConversation(stage, pull.number, news);
      }
    },
  };
}

/** A narrator for machines keeps quiet. */
export const silentNarrator: Narrator = { say: () => {}, look: () => {} };

function tellConversation({ github, repository }: Stage, number: number, news: News): void {
  for (const [index, comment] of github.conversation(repository, number).entries()) {
    const words = firstLine(comment.body);
    news(`comment-${number}-${index}`, words, () => `💬 ${comment.author} ${verb(comment)}: ${words}`);
    for (const [content, people] of Object.entries(comment.reactions)) {
      news(`reaction-${number}-${index}-${content}`, people.join(), () => `👀 ${people.join(", ")} sees it`);
    }
  }
}

function tellPull({ github, repository }: Stage, { number, headSha, title }: Pull, news: News): void {
  news(`pull-${number}`, headSha, (before) =>
    before === undefined
      ? `🔀 baton opened pull request #${number}: ${title}`
      : `⬆  baton pushed ${headSha.slice(0, 7)} to #${number}`,
  );
  for (const { id, name, conclusion, status } of github.checks(repository, headSha)) {
    news(`check-${id}`, conclusion ?? status, () => `☑  check ${name}: ${conclusion ?? status}`);
  }
}

const states: Readonly<Record<string, string>> = {
  APPROVED: "👍 approves",
  CHANGES_REQUESTED: "🔁 asks for changes",
  COMMENTED: "📋 reviews",
};

function tellReviews({ github, repository }: Stage, { number }: Pull, news: News): void {
  const threads = github.threads(repository, number);
  for (const { id, author, state, body } of github.reviews(repository, number)) {
    // An answer in a thread is a review of its own, without a body: the thread tells of it.
    if (state === "COMMENTED" && body === "") continue;
    const [sign, ...does] = (states[state] ?? state).split(" ");
    news(
      `review-${id}`,
      state,
      () => `${sign} ${author} ${does.join(" ")}${body === "" ? "" : `: ${firstLine(body)}`}`,
    );
  }
  for (const { id, path, resolvedBy, comments } of threads) {
    for (const [index, comment] of comments.entries()) {
      const words = firstLine(comment.body);
      const sign = index === 0 ? "🧵" : "   ↳";
      news(`${id}-${index}`, words, () => `${sign} ${comment.author} on ${path}: ${words}`);
    }
    if (resolvedBy !== undefined)
      news(`${id}-resolved`, resolvedBy, () => `✔  ${resolvedBy} resolves the thread on ${path}`);
  }
}

function verb({ edited }: Comment): string {
  return edited ? "edits" : "writes";
}

/** The words on one line, without what only machines read; commits by their short names. */
function firstLine(body: string): string {
  const text = body
    .replaceAll(/<!--.*?-->/gs, "")
    .replaceAll(/<[^>]*>/g, "")
    .replaceAll(/\b([0-9a-f]{7})[0-9a-f]{33}\b/g, "$1")
    .trim();
  const [first = "", ...rest] = text.split(/\n+/);
  const words = first.startsWith("#") || rest.length === 0 ? first : `${first} ${rest.join(" ")}`;
  const line = words.replace(/^#+\s*/, "");
  return line.length > 140 ? `${line.slice(0, 139).toWellFormed()}…` : line;
}
