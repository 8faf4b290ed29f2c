import { cast } from "../cast.ts";
import type { Stage } from "../stage.ts";
import { fileAt } from "./moment.ts";
import type { PlotThread, ReviewPlot } from "./plot.ts";

/** Ids of the threads that were begun, in the order of the plot. */
export interface Begun {
  readonly person: readonly string[];
  readonly bot: readonly string[];
}

/**
 * The person's review and the bot's, one right after the other.
 *
 * @throws Error when the change has no line that a reviewer wants to stand on
 */
export async function reviewAsPlotted(stage: Stage, plot: ReviewPlot, number: number): Promise<Begun> {
  const { github, repository } = stage;
  const sha = github.pullRequests(repository).find((pull) => pull.number === number)?.headSha ?? "";
  const remarks = (threads: readonly Pick<PlotThread, "on" | "says">[]) =>
    Promise.all(
      threads.map(async ({ on: { path, line }, says: body }) => {
        const lines = (await fileAt(stage, sha, path))?.split("\n") ?? [];
        const at = lines.indexOf(line);
        if (at < 0) throw new Error(`${path} has no such line for a reviewer to stand on: ${line}`);
        return { path, line: at + 1, body };
      }),
    );
  // Both have read the change before either of them speaks.
  const [ofPerson, ofBot] = await Promise.all([remarks(plot.person), remarks(plot.bot.threads)]);
  const person = await github
    .as(cast.reviewer)
    .on(repository)
    .reviews(number, { event: "REQUEST_CHANGES", comments: ofPerson });
  const bot = await github
    .asBot(cast.reviewBot)
    .on(repository)
    .reviews(number, { event: "COMMENT", body: plot.bot.body, comments: ofBot });
  const ids = ({ threads }: typeof person) => threads.map(({ id }) => id);
  return { person: ids(person), bot: ids(bot) };
}
