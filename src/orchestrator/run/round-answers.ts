import type { Answered, AnswerGiven } from "../domain/review.ts";
import type { AddressFeedback, RunOrder } from "../domain/run.ts";
import type { AgentAnswer } from "../run-ports.ts";

/** What of the agent's answers can stand, and what is left. */
export interface Assessed {
  readonly answers: readonly AnswerGiven[];
  readonly missing: readonly Missing[];
}

/** An item that wants an answer and has none that can stand. */
export interface Missing {
  readonly item: string;
  /** What the agent is told. */
  readonly why: string;
  /** What people are told when it stays like this; undefined when the agent said nothing at all. */
  readonly verdict: string | undefined;
}

/** What the agent said in all tries of this run, in order, and whether its tree differs from where it began. */
export interface Said {
  readonly answers: readonly AgentAnswer[];
  readonly tree: "changed" | "unchanged";
}

/**
 * Holds the agent's answers against the items and the tree. The newest answer to an item counts; answers to what nobody
 * asked are dropped. A claim does not pass unproven: nothing is fixed by a tree that is as it was, a decline has a
 * reason, and whoever calls something a repetition must have answered what it repeats.
 */
export function assessAnswers(round: AddressFeedback, said: Said): Assessed {
  const owed = round.items.filter((item) => item.owed === "answer").map(({ id }) => id);
  const newest = new Map(said.answers.map((answer) => [answer.id, answer]));
  const isOpen = (id: string) => owed.includes(id);
  const standing = owed.flatMap((id) => {
    const answer = newest.get(id);
    return answer && answer.answer !== "duplicate" && fault(answer, said) === undefined ? [answer] : [];
  });
  const answered = new Set([
    ...standing.map(({ id }) => id),
    ...round.earlier.map(({ item }) => item).filter((id) => !isOpen(id)),
  ]);
  const assessed = owed.map((id): AnswerGiven | Missing => {
    const answer = newest.get(id);
    if (!answer) return { item: id, why: "it has no answer", verdict: undefined };
    const problem = answer.answer === "duplicate" ? strayDuplicate(answer, answered) : fault(answer, said);
    return problem ? { item: id, ...problem } : given(answer);
  });
  return {
    answers: assessed.filter((one) => "kind" in one),
    missing: assessed.filter((one) => "why" in one),
  };
}

/**
 * What goes out when the agent is not asked any more. A claim that cannot stand is a person's to settle, and is said as
 * that; what has no answer at all is left out.
 */
export function feedbackOf(
  round: RunOrder & AddressFeedback,
  { assessed, ...made }: Pick<Answered, "lines" | "verification"> & { readonly assessed: Assessed },
): Answered {
  const unproven = assessed.missing.flatMap(({ item, verdict }): readonly AnswerGiven[] =>
    verdict === undefined ? [] : [{ item, kind: "person", text: verdict }],
  );
  const answers = [...assessed.answers, ...unproven];
  return { items: round.items, answers, round: round.round, resolve: round.policy.review.resolve, ...made };
}

type Fault = Omit<Missing, "item">;

function fault({ answer, text }: AgentAnswer, { tree }: Said): Fault | undefined {
  if (answer === "fixed" && tree === "unchanged")
    return {
      why: "you say `fixed`, but no file differs from the newest commit of the branch",
      verdict: "The agent says that this is fixed, but it changed nothing.",
    };
  if (answer === "declined" && text === "")
    return { why: "`declined` needs its reason in `text`", verdict: "The agent declined this without a reason." };
  if (answer === "question" && text === "")
    return {
      why: "`question` needs the question in `text`",
      verdict: "The agent has a question here, but did not ask it.",
    };
  return undefined;
}

function strayDuplicate({ of = "" }: AgentAnswer, answered: ReadonlySet<string>): Fault | undefined {
  if (answered.has(of)) return undefined;
  return {
    why: "`of` must name an item that you give an answer of its own, or that was answered before",
    verdict: "The agent says that this repeats something, but what it names has no answer.",
  };
}

function given({ id, answer, text, of }: AgentAnswer): AnswerGiven {
  return { item: id, kind: answer, text, ...(answer === "duplicate" ? { of } : {}) };
}
