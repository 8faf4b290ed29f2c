import { stripVTControlCharacters } from "node:util";
import type { AgentEvent, AgentStep } from "../types.ts";

const longestDelta = 16 * 1024;
const longestText = 2000;
const longestWord = 200;
const mostItems = 50;
/** Characters of all events of a run together, and what one costs besides its texts. */
const budget = 4 * 1024 * 1024;
const costOfOne = 64;
const batchSize = 50;
const batchMs = 1000;

/**
 * Gathers what a hostile agent does, at bounded cost, and hands it on in batches of 50 steps or a second. Pieces of one
 * text that follow each other within a batch are one event. A run that says more than 4 MiB is heard no further, but
 * for `last`.
 */
export function collectEvents(onEvents: (events: readonly AgentEvent[]) => void) {
  let batch: AgentEvent[] = [];
  let spent = 0;
  let full = false;
  let timer: NodeJS.Timeout | undefined;

  const flush = () => {
    clearTimeout(timer);
    timer = undefined;
    if (batch.length > 0) onEvents(batch);
    batch = [];
  };
  const push = (step: AgentStep) => {
    const before = batch.at(-1);
    const joined = before && join(before, step);
    if (joined) batch[batch.length - 1] = joined;
    else batch.push({ at: Date.now(), ...step });
    if (batch.length >= batchSize) flush();
    timer ??= batch.length === 0 ? undefined : setTimeout(flush, batchMs);
  };
  return {
    add: (raw: AgentStep) => {
      if (full) return;
      const step = bounded(raw);
      spent += costOfOne + JSON.stringify(step).length;
      full = spent > budget;
      push(full ? { k: "notice", level: "warning", text: "The agent said more than is kept." } : step);
    },
    /** The last word on a run, however much was said before. */
    last: (steps: readonly AgentStep[]) => {
      for (const step of steps) push(bounded(step));
      flush();
    },
  };
}

export type EventLog = ReturnType<typeof collectEvents>;

function join(before: AgentEvent, step: AgentStep): AgentEvent | undefined {
  if (step.k !== "text" && step.k !== "thought") return undefined;
  if (before.k !== step.k || before.delta.length + step.delta.length > longestDelta) return undefined;
  return { ...before, delta: before.delta + step.delta };
}

function bounded(step: AgentStep): AgentStep {
  switch (step.k) {
    case "text":
    case "thought":
      return { k: step.k, delta: clean(step.delta, longestDelta) };
    case "tool":
      return {
        k: "tool",
        id: clean(step.id, longestWord),
        ...(step.kind === undefined ? {} : { kind: clean(step.kind, longestWord) }),
        ...(step.title === undefined ? {} : { title: clean(step.title, longestText) }),
        ...(step.status === undefined ? {} : { status: clean(step.status, longestWord) }),
      };
    case "plan":
      return {
        k: "plan",
        items: step.items.slice(0, mostItems).map((item) => ({
          text: clean(item.text, longestText),
          status: clean(item.status, longestWord),
        })),
      };
    case "permission":
      return { k: "permission", title: clean(step.title, longestText), answer: clean(step.answer, longestWord) };
    case "notice":
      return { k: "notice", level: step.level, text: clean(step.text, longestText) };
    case "context":
    case "usage":
      return step;
  }
}

function clean(text: string, longest: number): string {
  const cut = text.length > longest ? `${text.slice(0, longest)} […]` : text;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: dropping them is the purpose.
  return stripVTControlCharacters(cut).replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, "");
}
