import { parse } from "yaml";
import { z } from "zod";

/** Where a reviewer stands: a file of the change, and the text of a line that its diff shows. */
const place = z.strictObject({ path: z.string().min(1), line: z.string().min(1) });

/** Text that the branch must hold in the end, by file. */
const leaves = z.record(z.string(), z.string().min(1)).default({});

const threadShape = { on: place, says: z.string().min(1), leaves };
const settled = z.enum(["fixed", "declined"]);

const personThread = z.union([
  z.strictObject({ ...threadShape, answer: settled }),
  z.strictObject({ ...threadShape, answer: z.literal("question"), reply: z.string().min(1) }),
]);

const plot = z.strictObject({
  person: z
    .array(personThread)
    .refine(
      (threads) => threads.filter(({ answer }) => answer === "question").length === 1,
      "needs exactly one question",
    ),
  bot: z.strictObject({
    body: z.string().min(1),
    findings: z.array(z.strictObject({ answer: settled, leaves })).min(1),
    threads: z.array(z.strictObject({ ...threadShape, answer: settled })).min(1),
  }),
});

/** What reviewers say about a scenario's pull request, and what is to come of it. */
export type ReviewPlot = z.infer<typeof plot>;
export type PlotThread = ReviewPlot["person"][number];

/** Reads `review.yml`: the plot, or what is wrong with it. */
export function readReviewPlot(text: string): ReviewPlot | { readonly problems: readonly string[] } {
  const read = plot.safeParse(parseOrText(text));
  if (read.success) return read.data;
  return { problems: read.error.issues.map(({ path, message }) => `review.yml: ${path.join(".")}: ${message}`) };
}

/** What is no YAML is no plot either, and the schema says so. */
function parseOrText(text: string): unknown {
  try {
    return parse(text);
  } catch {
    return text;
  }
}
