import { describe, expect, it } from "vitest";
import { testDatabases } from "../support/database.ts";
import { buildWorld } from "../support/world.ts";

const databases = testDatabases();

describe("a run without a pull request", { timeout: 120_000 }, () => {
  const secret = "correct-horse-battery-staple-4711";
  const agent = `case "$prompt" in
*"Title: It works"*) printf '{"no_change_reason":"The sum is right already."}' > "$BATON_RESULT";;
*"Title: Unclear"*) echo half > half.txt; printf '{"question":"Round up or down?\\\\n@max may know."}' > "$BATON_RESULT";;
*"Title: Crash"*) echo half > half.txt; echo "cannot find the sum" >&2; exit 3;;
*"Title: Build"*) mkdir -p .github/workflows; echo "on: push" > .github/workflows/ci.yml; echo new > new.txt;;
*"Title: Leak"*) . ./.env; echo "$KEY"; echo "key = $(printf %s "$KEY" | base64 -w0)" > settings.txt
  printf '{"title":"Use %s","summary":"%s"}' "$KEY" "$KEY" > "$BATON_RESULT";;
*"Title: Endless"*) while :; do :; done;;
*"Title: Hung"*) echo working; sleep 600;;
esac
`;

  it("ends in exactly one word to the person who asked", async () => {
    const world = await buildWorld({
      database: await databases.create(),
      agent,
      provided: { ".env": `KEY=${secret}\n` },
      limits: { total: 4, perRepository: 4 },
      profiles: { hasty: { minutes: 0.05, idleMinutes: 5 }, watched: { minutes: 5, idleMinutes: 0.05 } },
    });
    const ends: Record<string, number> = {};
    const label = async (title: string, name = "agent") => {
      ends[title] = await world.issue(title, "");
      await world.as("ann").labels(ends[title], name);
    };
    await label("It works");
    await label("Unclear");
    await label("Crash");
    await label("Build");
    await label("Leak");
    await label("Endless", "agent:hasty");
    await label("Hung", "agent:watched");
    await world.settled();

    const words = Object.entries(ends).map(([title, issue]) => `## ${title}\n\n${world.told(issue).join("\n\n")}`);
    expect(words.join("\n\n")).toMatchSnapshot();
    for (const issue of Object.values(ends)) expect(world.told(issue)).toHaveLength(2);
    const outcomes = (await world.runs()).map(({ outcome }) => outcome?.kind);
    expect(outcomes.toSorted()).toEqual(
      ["no_change", "question", "failed", "gate", "gate", "limit", "limit"].toSorted(),
    );
    expect(world.github.pullRequests(world.repository)).toEqual([]);
    expect(Object.keys(await world.github.branches(world.repository))).toEqual(["main"]);

    const { db } = world;
    const patches = await db.selectFrom("runEvent").select("data").where("kind", "=", "patch").execute();
    expect(patches).toHaveLength(2);
    const kept = JSON.stringify(await db.selectFrom("runEvent").selectAll().execute());
    expect(kept).toContain("on: push");
    for (const form of [secret, Buffer.from(secret).toString("base64")]) {
      expect(JSON.stringify(world.github.requests.map(({ body }) => body))).not.toContain(form);
      expect(kept).not.toContain(form);
      expect(JSON.stringify(await db.selectFrom("run").select("outcome").execute())).not.toContain(form);
    }
    expect(world.errors).toEqual([]);
    world.github.assertClean();
  });
});

describe("a run whose check", { timeout: 120_000 }, () => {
  const agent = `case "$prompt" in
*"# Last attempt"*) [ -e fix.txt ] && echo "my first try is still here" > seen.txt
  printf '%s' "$prompt" | sed -n '/# Last attempt/,/# The issue/p' > told.txt;;
esac
case "$prompt" in
*"Title: In the end"*"# Last"*|*"# Last"*"Title: In the end"*) echo fixed > fix.txt;;
*) echo broken > fix.txt;;
esac
printf '{"summary":"I tried."}' > "$BATON_RESULT"
`;
  const policy = "verify: { run: ['echo looking; grep fixed fix.txt || { echo it is not fixed; false; }'] }\n";

  it("stays red becomes a draft with a warning, and turns green after another try becomes ready", async () => {
    const world = await buildWorld({ database: await databases.create(), agent, policy });
    const ann = world.as("ann");
    const [never, late] = [await world.issue("Never"), await world.issue("In the end")];
    await ann.labels(never, "agent");
    await ann.labels(late, "agent");
    await world.settled();
    world.github.refuseDrafts();
    const noDraft = await world.issue("Never, again");
    await ann.labels(noDraft, "agent");
    await world.settled();

    const pullOf = (issue: number) => {
      const pull = world.github.pullRequests(world.repository).find(({ head }) => head === `agent/issue-${issue}`);
      if (!pull) throw new Error(`no pull request for #${issue}`);
      return pull;
    };
    const bodyOf = (issue: number) => pullOf(issue).body.replaceAll(/<sub>.*<\/sub>/g, "");
    const checkOf = (issue: number) =>
      world.github.checks(world.repository, pullOf(issue).headSha).filter(({ name }) => name === "baton");
    expect(pullOf(never)).toMatchObject({ draft: true, title: "Never" });
    expect(bodyOf(never)).toMatchSnapshot("draft");
    expect(checkOf(never)).toMatchObject([{ conclusion: "failure", title: "Verification is red" }]);
    expect(pullOf(late)).toMatchObject({ draft: false, title: "In the end" });
    expect(bodyOf(late)).toMatchSnapshot("ready after a second try");
    expect(checkOf(late)).toMatchObject([{ conclusion: "success" }]);
    expect(pullOf(noDraft)).toMatchObject({ draft: false });
    expect(bodyOf(noDraft)).toContain("This should be a draft, but the repository does not allow drafts.");
    expect(bodyOf(noDraft)).toContain("The verification is still red");

    const told = await world.fileAt(`agent/issue-${late}`, "told.txt");
    expect(told).toContain("looking\nit is not fixed");
    expect(await world.fileAt(`agent/issue-${late}`, "seen.txt")).toBe("my first try is still here\n");
    for (const issue of [never, late, noDraft]) expect(world.told(issue)).toHaveLength(1);
    expect(world.errors).toEqual([]);
    world.github.assertClean();
  });

  it("cannot even be set up fails with what the set-up printed", async () => {
    const world = await buildWorld({
      database: await databases.create(),
      policy: "setup: { run: ['echo fetching', 'echo no such package >&2; exit 7'] }\n",
    });
    const issue = await world.issue();
    await world.as("ann").labels(issue, "agent");
    await world.settled();

    expect(world.told(issue)).toMatchInlineSnapshot(`
      [
        "### ❌ Failed

      **Next:** mend \`setup.run\` in \`.github/agent.yml\` (or the install it runs), then \`/agent run\`.",
        "@ann, this run failed. The set-up commands failed, so the agent never started.

      \`\`\`text
      \`echo no such package >&2; exit 7\` ended with exit code 7.
      no such package
      \`\`\`

      Next: mend \`setup.run\` in \`.github/agent.yml\` (or the install it runs), then \`/agent run\`.",
      ]
    `);
    expect(world.github.pullRequests(world.repository)).toEqual([]);
    expect(world.errors).toEqual([]);
    world.github.assertClean();
  });
});
