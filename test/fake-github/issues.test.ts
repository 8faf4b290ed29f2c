import { describe, expect, test } from "vitest";
import { given, refusal, SHOP } from "./given.ts";

describe("issues and comments", () => {
  test("a conversation reads as plain data", async () => {
    const { github, repo, client } = await given();
    const issue_number = await repo.openIssue({ as: "rita", title: "Bug", body: "It breaks" });
    const asked = await github.as("ann").on(repo).comments(issue_number, "/agent run");
    const octokit = await client({ issues: "write" });
    await octokit.rest.reactions.createForIssueComment({ ...SHOP, comment_id: asked.id, content: "eyes" });
    const { id } = (await octokit.rest.issues.createComment({ ...SHOP, issue_number, body: "Working" })).data;
    await octokit.rest.issues.updateComment({ ...SHOP, comment_id: id, body: "Done" });
    expect(github.conversation(repo, issue_number)).toEqual([
      { author: "ann", body: "/agent run", edited: false, reactions: { eyes: ["baton[bot]"] } },
      { author: "baton[bot]", body: "Done", edited: true, reactions: {} },
    ]);
    github.assertClean();
  });

  test("a reaction given twice is the same reaction", async () => {
    const { repo, client, github } = await given();
    const issue_number = await repo.openIssue({ as: "ann", title: "Bug" });
    const octokit = await client();
    const first = await octokit.rest.reactions.createForIssue({ ...SHOP, issue_number, content: "eyes" });
    const second = await octokit.rest.reactions.createForIssue({ ...SHOP, issue_number, content: "eyes" });
    expect([first.status, second.status, second.data.id]).toEqual([201, 200, first.data.id]);
    await octokit.rest.reactions.deleteForIssue({ ...SHOP, issue_number, reaction_id: first.data.id });
    expect((await octokit.rest.reactions.listForIssue({ ...SHOP, issue_number })).data).toEqual([]);
    github.assertClean();
  });

  test("a comment may have 65,536 characters and no more", async () => {
    const { repo, client } = await given();
    const issue_number = await repo.openIssue({ as: "ann", title: "Bug" });
    const octokit = await client();
    const write = (length: number) =>
      octokit.rest.issues.createComment({ ...SHOP, issue_number, body: "x".repeat(length) });
    expect((await write(65_536)).status).toBe(201);
    expect(await refusal(write(65_537))).toMatchObject({
      status: 422,
      errors: [{ resource: "IssueComment", field: "body" }],
    });
  });

  test("ids are larger than 32 bits", async () => {
    const { repo, client } = await given();
    const issue_number = await repo.openIssue({ as: "ann", title: "Bug" });
    const { data } = await (await client()).rest.issues.createComment({ ...SHOP, issue_number, body: "x" });
    expect(data.id).toBeGreaterThan(2 ** 31);
  });

  test("a list is found by label, state and time of change, and its pages name the repository by id", async () => {
    let at = Date.parse("2026-01-01T00:00:00Z");
    const { github, repo, client } = await given({ github: { clock: () => at } });
    const ann = github.as("ann").on(repo);
    for (const title of ["one", "two", "three"]) await ann.opensIssue({ title, labels: ["agent"] });
    await ann.opensIssue({ title: "other" });
    await ann.closes(2);
    at += 60_000;
    await ann.comments(1, "news");
    const octokit = await client();
    const titles = async (query: object): Promise<string[]> => {
      const { data } = await octokit.rest.issues.listForRepo({ ...SHOP, direction: "asc", ...query });
      return data.map((issue) => issue.title);
    };
    expect(await titles({ labels: "agent" })).toEqual(["one", "three"]);
    expect(await titles({ labels: "agent", state: "all", sort: "updated" })).toEqual(["two", "three", "one"]);
    expect(await titles({ since: "2026-01-01T00:00:30Z" })).toEqual(["one"]);
    const first = await octokit.rest.issues.listForRepo({ ...SHOP, per_page: 2 });
    expect(first.headers.link).toContain(`/repositories/${repo.id}/issues?`);
    expect(
      await octokit.paginate(octokit.rest.issues.listForRepo, { ...SHOP, state: "all", per_page: 2 }),
    ).toHaveLength(4);
    github.assertClean();
  });

  test("labels are made when they are put on, and taking off one that is not there is 404", async () => {
    const { repo, client, github } = await given();
    const issue_number = await repo.openIssue({ as: "ann", title: "Bug" });
    const octokit = await client();
    await octokit.rest.issues.addLabels({ ...SHOP, issue_number, labels: ["agent", "needs: more/info"] });
    await octokit.rest.issues.removeLabel({ ...SHOP, issue_number, name: "needs: more/info" });
    expect(
      (await octokit.rest.issues.listLabelsOnIssue({ ...SHOP, issue_number })).data.map((label) => label.name),
    ).toEqual(["agent"]);
    expect(await refusal(octokit.rest.issues.removeLabel({ ...SHOP, issue_number, name: "gone" }))).toMatchObject({
      status: 404,
    });
    github.assertClean();
  });
});

describe("who may do what", () => {
  test.each([
    ["ann", { permission: "write", role_name: "write" }],
    ["tim", { permission: "read", role_name: "triage" }],
    ["rita", { permission: "read", role_name: "read" }],
    ["mia", { permission: "write", role_name: "maintain" }],
    ["bob", { permission: "none", role_name: "none" }],
  ])("%s has the permission GitHub would say", async (username, expected) => {
    const { client, github, repo } = await given({
      people: { ann: "write", tim: "triage", rita: "read", mia: "maintain" },
    });
    github.as("bob").on(repo);
    expect(
      (await (await client()).rest.repos.getCollaboratorPermissionLevel({ ...SHOP, username })).data,
    ).toMatchObject(expected);
    github.assertClean();
  });

  test("on a public repository everybody has read", async () => {
    const { client, github, repo } = await given({ private: false });
    await repo.openIssue({ as: "bob", title: "Hello" });
    const { data } = await (await client()).rest.repos.getCollaboratorPermissionLevel({ ...SHOP, username: "bob" });
    expect(data).toMatchObject({ permission: "read", role_name: "read" });
    github.assertClean();
  });

  test("a bot is not a user", async () => {
    const { client } = await given();
    const asked = (await client()).rest.repos.getCollaboratorPermissionLevel({ ...SHOP, username: "baton[bot]" });
    expect(await refusal(asked)).toMatchObject({ status: 404, message: "baton[bot] is not a user" });
  });

  test("the app's bot account can be looked up by its login", async () => {
    const { client, github } = await given();
    const { data } = await (await client()).rest.users.getByUsername({ username: "baton[bot]" });
    expect(data).toMatchObject({ id: github.app.botUserId, type: "Bot" });
  });

  test("a person cannot do what the web page would not offer", async () => {
    const { github, repo } = await given();
    const number = await repo.openIssue({ as: "rita", title: "Bug" });
    const { id } = await github.as("tim").on(repo).comments(number, "mine");
    const rita = github.as("rita").on(repo);
    await expect(rita.labels(number, "agent")).rejects.toThrow("rita has read access to shop: this needs triage");
    await expect(rita.editsComment(id, "yours")).rejects.toThrow("needs write");
    await expect(rita.pushes("main", { a: "b" })).rejects.toThrow("needs write");
    await expect(github.as("bob").on(repo).comments(number, "hi")).rejects.toThrow("bob has no access");
    await github.as("ann").on(repo).editsComment(id, "edited by a writer");
    await rita.closes(number);
  });
});

describe("files, branches and commits", () => {
  const files = {
    ".github/agent.yml": "label: agent\n",
    "docs/a b.md": "spaces\n",
    "run.sh": { content: "#!/bin/sh\n", executable: true as const },
    "link.yml": { symlink: ".github/agent.yml" },
    "escape.yml": { symlink: "../../etc/passwd" },
    "large.txt": "x".repeat(1_100_000),
  };

  test("a file comes as base64 or raw, what is not there is 404", async () => {
    const { client, github } = await given({ files });
    const octokit = await client({ contents: "read" });
    const read = async (path: string) =>
      (await octokit.rest.repos.getContent({ ...SHOP, path })).data as {
        type: string;
        content?: string;
        target?: string;
        encoding?: string;
      };
    const text = (content = ""): string => Buffer.from(content, "base64").toString();
    expect(text((await read(".github/agent.yml")).content)).toBe("label: agent\n");
    expect(text((await read("docs/a b.md")).content)).toBe("spaces\n");
    const raw = await octokit.rest.repos.getContent({
      ...SHOP,
      path: ".github/agent.yml",
      mediaType: { format: "raw" },
    });
    expect(raw.data).toBe("label: agent\n");
    expect(await read("docs")).toMatchObject([{ type: "file", path: "docs/a b.md" }]);
    expect(await read("link.yml")).toMatchObject({
      type: "file",
      content: Buffer.from("label: agent\n").toString("base64").concat("\n"),
    });
    expect(await read("escape.yml")).toMatchObject({ type: "symlink", target: "../../etc/passwd" });
    expect(await read("large.txt")).toMatchObject({ encoding: "none", content: "", size: 1_100_000 });
    expect(await refusal(octokit.rest.repos.getContent({ ...SHOP, path: "nothing.yml" }))).toMatchObject({
      status: 404,
    });
    github.assertClean();
  });

  test("branches, refs and commits are the real ones", async () => {
    const { client, github, repo } = await given();
    const sha = await github.as("ann").on(repo).pushes("feature/one", { "a.txt": "1" }, { message: "Add a" });
    const octokit = await client({ contents: "read" });
    expect((await octokit.rest.git.getRef({ ...SHOP, ref: "heads/feature/one" })).data.object.sha).toBe(sha);
    expect((await octokit.rest.repos.getBranch({ ...SHOP, branch: "feature/one" })).data.commit.sha).toBe(sha);
    expect((await octokit.rest.repos.getCommit({ ...SHOP, ref: sha })).data).toMatchObject({
      author: { login: "ann" },
      commit: { message: "Add a" },
    });
    expect((await octokit.rest.git.listMatchingRefs({ ...SHOP, ref: "heads/feature" })).data).toHaveLength(1);
    expect(await refusal(octokit.rest.git.getRef({ ...SHOP, ref: "heads/feature" }))).toMatchObject({ status: 404 });
    expect(await refusal(octokit.rest.repos.getBranch({ ...SHOP, branch: "nope" }))).toMatchObject({ status: 404 });
    github.assertClean();
  });
});
