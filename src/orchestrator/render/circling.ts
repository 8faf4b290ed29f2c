import { codeSpan } from "../../text/code-block.ts";
import { oneLine, publishText } from "../../text/publish-text.ts";
import { assertNever } from "../domain/decision.ts";
import type { Message } from "../domain/message.ts";
import type { Position, StopReason } from "../domain/progress.ts";

const maxSide = 2_000;

/** Rounds that lead nowhere: what was seen, both positions side by side, and one question to one person. */
export function circlingText({ to, reason, path, positions }: Message & { readonly kind: "circling" }): string {
  const where = path === undefined ? "" : ` in ${codeSpan(oneLine(path, 200))}`;
  return [
    `@${to.login}, I stopped the automatic rounds: ${reasonText(reason)}${where}.`,
    "",
    ...positions.filter(({ says }) => says !== "").flatMap(sideOf),
    "Which of the two shall it be? Write it in the thread or below, and the next round follows it. `/agent resume` goes on as before.",
  ].join("\n");
}

function reasonText(reason: StopReason): string {
  switch (reason) {
    case "line_flips":
      return "the same line was changed back and forth";
    case "finding_back":
      return "a point that was fixed came back";
    case "no_new_commit":
      return "the last round changed nothing, and the same reviewer objects again";
    case "no_item_closed":
      return "the last round closed no point, and the same reviewer objects again";
    case "bot_rounds":
      return "bots alone have kept it going as often as this repository allows";
    case "rounds_without_person":
      return "it went on as long as this repository allows without a person's word";
    default:
      return assertNever(reason);
  }
}

function sideOf({ who, says, round }: Position): readonly string[] {
  const name = who === undefined ? "I" : codeSpan(who.login);
  const when = round === undefined ? "" : `, round ${round}`;
  const quoted = publishText(says, maxSide)
    .split("\n")
    .map((line) => (line === "" ? ">" : `> ${line}`));
  return [`**${name}**${when}:`, "", ...quoted, ""];
}
