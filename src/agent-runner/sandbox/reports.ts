import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import type { Report } from "./protocol.ts";

type Answer = Extract<Report, { type: "ready" | "refused" | "ended" }>;

export interface Ears {
  readonly onOutput: (lines: readonly string[]) => void;
  readonly onSaid: (line: string) => void;
}

/**
 * Reads a supervisor's reports: output and lines said go to the listener as they come, answers wait for whoever asks
 * next. A supervisor that is gone answers `refused` without a detail, for ever.
 */
export function listenTo(stream: Readable, { onOutput, onSaid }: Ears) {
  const answers: Answer[] = [];
  const waiting: ((answer: Answer) => void)[] = [];
  const namespaces = new Set<string>();
  let gone = false;

  createInterface({ input: stream }).on("line", (line) => {
    const report = JSON.parse(line) as Report;
    if (report.type === "output") onOutput(report.lines);
    else if (report.type === "said") onSaid(report.line);
    else if (report.type === "started") namespaces.add(report.pidNamespace);
    else deliver(report);
  });

  function deliver(answer: Answer): void {
    const next = waiting.shift();
    if (next) next(answer);
    else answers.push(answer);
  }

  return {
    namespaces: namespaces as ReadonlySet<string>,
    next: async (): Promise<Answer> => {
      const answer = answers.shift();
      if (answer) return answer;
      if (gone) return { type: "refused", detail: "" };
      return new Promise((resolve) => waiting.push(resolve));
    },
    supervisorIsGone: () => {
      gone = true;
      for (const resolve of waiting.splice(0)) resolve({ type: "refused", detail: "" });
    },
  };
}
