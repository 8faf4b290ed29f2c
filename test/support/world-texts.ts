import type { FakeGitHub, FakeRepository } from "./fake-github/index.ts";

/** What the app said, one text per comment, without the hidden marks and the table of the status comment. */
export function appTexts(github: FakeGitHub, repository: FakeRepository, issue: number): readonly string[] {
  return github
    .conversation(repository, issue)
    .filter(({ author }) => author === github.app.botLogin)
    .map(({ body }) =>
      body
        .replaceAll(/^\|.*\n/gm, "")
        .replaceAll(/<!-- baton:.* -->/g, "")
        .replaceAll(/\n{3,}/g, "\n\n")
        .trim(),
    );
}

/** The whole conversation, with what differs from run to run replaced. */
export function conversationText(github: FakeGitHub, repository: FakeRepository, issue: number): string {
  const lines = github.conversation(repository, issue).map(({ author, body, reactions }) => {
    const seen = Object.entries(reactions).map(([content, people]) => `[${content} by ${people.join(", ")}]`);
    return [`${author}:`, ...seen, body].join("\n");
  });
  return lines
    .join("\n\n")
    .replaceAll(String(repository.id), "500")
    .replaceAll(/\b[0-9a-f]{12,40}\b/g, "<sha>")
    .replaceAll(/(<!-- baton:500-\d+:(?:help|refusal:[a-z_]+)):.* -->/g, "$1:<key> -->")
    .replaceAll(/\| Took \| .* \|/g, "| Took | <time> |")
    .replaceAll(/\| Started \| .* \|/g, "| Started | <time> |");
}
