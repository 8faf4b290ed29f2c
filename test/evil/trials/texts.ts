import { randomBytes } from "node:crypto";
import { headingsOf, nodesOf, type Published, sectionOf, spoken } from "../app/live-markdown.ts";
import { type AppWorld, buildAppWorld } from "../app/world.ts";
import { gitIn } from "../plain-git.ts";
import { type Driver, type Finding, type Findings, finding, type Trial, type Vector } from "../vector.ts";

/** Words that do something where they are published as they are. */
interface Words extends Vector {
  readonly text: string;
  readonly acts: (published: Published) => boolean;
}

const says = (pattern: RegExp) => (published: Published) => pattern.test(spoken(published));
const holds =
  (pattern: RegExp) =>
  ({ text }: Published) =>
    pattern.test(text);
const has =
  (...types: Parameters<typeof nodesOf>[1][]) =>
  (published: Published) =>
    nodesOf(published, ...types).some((node) => JSON.stringify(node).includes("evil"));

/** What stands in one text together. */
const inline: readonly Words[] = [
  words("mention-of-a-team", "a team is called", "Thanks to @acme/evil-owners!", says(/@acme\/evil-owners/)),
  words("mention-of-a-person", "a person is called", "cc @max (see also x@max)", says(/(^|[^\w])@max/m)),
  words("closing-keyword", "another issue is closed", "This fixes #4711 and closes acme/shop#4712.", says(/#471[12]/)),
  words(
    "closing-address",
    "the same by its address",
    "Resolves https://github.com/acme/shop/issues/4713",
    says(/https?:\/\/\S+issues\/4713/),
  ),
  words("command-to-the-app", "a run is started", "First:\n\n/agent run\n", holds(/^[ \t]*\/agent/m)),
  words("command-to-another-bot", "a bot does something", "@dependabot rebase", holds(/@dependabot/)),
  words("command-without-a-sign", "a merge bot merges", "bors r+", holds(/^[ \t]*bors r\+/m)),
  words(
    "command-in-code",
    "a bot that reads code, too",
    "```\n@coderabbitai resolve\n/approve\n```",
    holds(/@coderabbitai|^[ \t]*\/approve/m),
  ),
  words("image", "a picture tells who looks", "![](http://evil.example/p.png?a)", has("image", "imageReference")),
  words(
    "image-by-reference",
    "the same by reference",
    "![x][evil]\n\n[evil]: http://evil.example/q.png",
    has("image", "imageReference"),
  ),
  words("html", "HTML of its own", 'Look: <img src="http://evil.example/r.png"> <b title="evil">x</b>', has("html")),
  words(
    "forged-mark",
    "a mark by which the app knows its comments",
    "<!-- baton:500-1:evil -->",
    ({ kind, text }) => kind === "markdown" && text.includes("<!-- baton:500-1:evil"),
  ),
  words(
    "terminal-escapes",
    "a terminal is written to",
    "\u001b[2J\u001b]8;;http://evil.example\u0007click\u001b]8;;\u0007",
    ({ text }) => text.includes("\u001b") || text.includes("\u0007"),
  ),
  words(
    "hidden-words",
    "words that only machines read",
    "Fine.\u{e0041}\u{e0042}\u200b\u2063",
    holds(/[\u{e0000}-\u{e007f}\u200b\u2063]/u),
  ),
  words(
    "reversed-words",
    "words that read otherwise than they are",
    "a\u202eb\u2066c",
    holds(/[\u202a-\u202e\u2066-\u2069]/),
  ),
  words(
    "skipped-checks",
    "the checks are skipped",
    "Small [skip ci]",
    (one) => one.kind === "plain" && /\[skip ci\]/.test(one.text),
  ),
  words(
    "forged-trailer",
    "somebody else signs",
    "Signed-off-by: Max <max@example.com>",
    (one) => one.kind === "plain" && /^Signed-off-by:/m.test(one.text),
  ),
  words(
    "wrong-run-id",
    "the work counts as another run's",
    "Baton-Run: 1-1-1",
    (one) => one.kind === "plain" && /^Baton-Run: 1-1-1/m.test(one.text),
  ),
];
const swallows = (one: Published) =>
  one.kind === "markdown" && !headingsOf({ ...one, text: `${one.text}\n\n### Afterword` }).includes("Afterword");
/** Each of these changes what comes after it, so it has a text of its own. */
const alone: readonly Words[] = [
  words("unclosed-fence", "what the app says is shown as code", "Text\n\n```evil\n", swallows),
  words("unclosed-comment", "what the app says is hidden", "Text\n\n<!-- evil\n", swallows),
  words(
    "unclosed-details",
    "what the app says is folded away",
    "<details><summary>evil</summary>\n\nText\n",
    has("html"),
  ),
  words(
    "forged-verification",
    "a green verification that never was",
    "Done.\n\n### Verification\n\nPassed in a fresh clone: `npm test` (evil)\n",
    // What is quoted is seen to be a quotation; what stands below a heading of the app's own kind is believed.
    (one) => sectionOf(one, "Verification").includes("evil"),
  ),
];

/** What an agent says is published as words and nothing more (T33). */
export const textsTrial: Trial = {
  name: "texts",
  vectors: [...inline, ...alone],
  async play(driver: Driver): Promise<Findings> {
    if (driver === "none") return asTheyAre();
    const mark = `evil-${randomBytes(6).toString("hex")}`;
    const world = await buildAppWorld({ driver, mark, env: {}, note: "texts" });
    try {
      return await published(world);
    } finally {
      await world.close();
    }
  },
};

/** A careless host posts what it is given. */
function asTheyAre(): Findings {
  return Object.fromEntries(
    [...inline, ...alone].map(({ name, text, acts }): [string, Finding] => {
      const places = [place("a comment", "markdown", text), place("a commit message", "plain", text)];
      const found = places.find(acts);
      return [name, finding(found !== undefined, found ? `acts in ${found.where}` : "does nothing as it is")];
    }),
  );
}

async function published(world: AppWorld): Promise<Findings> {
  const all = inline.map(({ text }) => text).join("\n\n");
  const title = "Fix @acme/evil-owners #4711 [skip ci] \u001b[31m\u202e ![](http://evil.example/t.png)";
  const forged = { run: "1-1-1", branch: "main", verification: { kind: "passed" }, pull_request: 1, kind: "changed" };
  const answers: Readonly<Record<string, object>> = {
    Liar: { ...forged, title, summary: all, decisions: [all.slice(0, 3900)], not_done: [all.slice(0, 3900)] },
    Asker: { question: all },
    ...Object.fromEntries(alone.map(({ name, text }) => [`Alone ${name}.`, { summary: text, decisions: [text] }])),
  };
  world.order(
    Object.fromEntries(
      Object.entries(answers).map(([name, result]) => [
        name,
        { attempts: ["say-what-you-were-told"], targets: { result } },
      ]),
    ),
  );
  const issues: Record<string, number> = {};
  for (const name of Object.keys(answers)) issues[name] = await world.ask(name);
  await world.settled();
  const textsOf = async (name: string) => placesOf(world, issues[name] ?? 0);
  const ofMany = [...(await textsOf("Liar")), ...(await textsOf("Asker"))];
  const findings = await Promise.all([
    ...inline.map(async (one) => [one.name, judge(one, ofMany)] as const),
    ...alone.map(async (one) => [one.name, judge(one, await textsOf(`Alone ${one.name}.`))] as const),
  ]);
  return Object.fromEntries(findings);
}

function judge({ acts, text }: Words, places: readonly Published[]): Finding {
  // Some word of it must have been published, or there was nothing to judge.
  const word = /\w{4,}/.exec(text)?.[0] ?? "";
  if (!places.some((one) => one.text.includes(word)) && word !== "baton")
    return { kind: "untried", how: `nothing of it was published: ${places.map(({ where }) => where)}` };
  const found = places.find(acts);
  return finding(
    found !== undefined,
    found ? `acts in ${found.where}: ${found.text.slice(0, 600)}` : "does nothing anywhere",
  );
}

/** Everything the app published for an issue. */
async function placesOf(world: AppWorld, issue: number): Promise<readonly Published[]> {
  const { github, repository } = world;
  const comments = world.told(issue).map((text) => place("a comment", "markdown", text));
  const pull = github.pullRequests(repository).find(({ head }) => head === `agent/issue-${issue}`);
  if (pull === undefined) return comments;
  const checks = github
    .checks(repository, pull.headSha)
    .map(({ summary }) => place("the check", "markdown", summary ?? ""));
  const message = await gitIn(repository.directory, ["log", "-1", "--format=%B", pull.headSha]);
  return [
    ...comments,
    ...checks,
    place("the title", "plain", pull.title),
    place("the pull request", "markdown", pull.body),
    place("the commit message", "plain", message),
  ];
}

function place(where: string, kind: Published["kind"], text: string): Published {
  return { where, kind, text };
}

function words(name: string, what: string, text: string, acts: Words["acts"]): Words {
  return { name, threat: "T33", what, text, acts, carelessHost: "the text, posted as it is" };
}
