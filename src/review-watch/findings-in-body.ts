import { cleanText } from "../text/clean-text.ts";
import { isTooComplex } from "../text/complexity.ts";
import { stripInvisible } from "../text/invisible.ts";
import { outlineOf } from "./body-outline.ts";
import { collectFindings, type Draft } from "./collect-findings.ts";
import { nowhere } from "./finding-place.ts";

/** One point somebody makes in the body of a review. */
export interface Finding {
  /** Cleaned of hidden text (security.md T13). */
  readonly text: string;
  readonly path: string | undefined;
  readonly line: number | undefined;
}

/** What a review's body consists of. */
export interface BodyFindings {
  /** In the order of the body, at most {@link maxFindings}. */
  readonly findings: readonly Finding[];
  /** Whether there is more that could want an answer than the findings and a bot's boilerplate. */
  readonly prose: "none" | "some";
}

/** More than this become one last finding together. */
export const maxFindings = 100;

/**
 * Finds the points in the body of a review: bots hide nitpicks and remarks on lines outside the diff in collapsed
 * blocks, by file and line; people write lists. The same body gives the same findings in the same order. A text too
 * tangled to parse is one piece of prose.
 */
export function findingsInBody(body: string, from: "person" | "bot"): BodyFindings {
  const source = stripInvisible(body).text;
  if (isTooComplex(source)) return { findings: [], prose: "some" };
  const { drafts, prose } = collectFindings(outlineOf(source, from === "bot" ? "read" : "skipped"), from);
  const findings = bounded(drafts).flatMap(({ pieces, place: { path, line } }) => {
    const text = cleanText(pieces.join("\n\n")).text.trim();
    return text === "" ? [] : [{ text, path, line }];
  });
  // A person who writes nothing but a heading or a quote still means something by it.
  return { findings, prose: from === "person" && findings.length === 0 ? "some" : prose };
}

function bounded(drafts: readonly Draft[]): readonly Draft[] {
  if (drafts.length <= maxFindings) return drafts;
  const more = drafts.slice(maxFindings - 1).flatMap(({ pieces }) => pieces);
  return [...drafts.slice(0, maxFindings - 1), { pieces: more, place: nowhere, beganWith: "marker" }];
}
