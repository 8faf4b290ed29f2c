import { describe, expect, test } from "vitest";
import { given, SHOP } from "./given.ts";

describe("webhooks arrive as from GitHub", () => {
  test("signed, with GitHub's headers, the repository, the installation and who did it", async () => {
    const { github, repo, received, arrived } = await given();
    const number = await repo.openIssue({ as: "rita", title: "Bug" });
    await github.as("tim").on(repo).labels(number, "agent");
    expect(await arrived()).toEqual(["issues.opened", "issues.labeled"]);
    const labeled = received[1];
    expect(labeled).toMatchObject({
      signed: true,
      guid: expect.stringMatching(/^[0-9a-f-]{36}$/),
      headers: { "x-github-hook-id": String(github.app.hookId), "content-type": "application/json" },
      payload: {
        label: { name: "agent" },
        issue: { number, labels: [{ name: "agent" }], user: { login: "rita" } },
        repository: { full_name: "acme/shop" },
        installation: { id: repo.installationId },
        sender: { login: "tim", type: "User" },
      },
    });
    github.assertClean();
  });

  test("in the order of what happened, one after the other", async () => {
    const { github, repo, arrived, received } = await given();
    const number = await repo.openIssue({ as: "ann", title: "Bug", body: "old" });
    const ann = github.as("ann").on(repo);
    const { id } = await ann.comments(number, "first");
    await ann.editsComment(id, "second");
    await ann.editsIssue(number, { title: "Worse bug", body: "new" });
    await ann.unlabels(number, "x").catch(() => {});
    await ann.closes(number);
    await ann.reopens(number);
    await ann.deletesComment(id);
    expect(await arrived()).toEqual([
      "issues.opened",
      "issue_comment.created",
      "issue_comment.edited",
      "issues.edited",
      "issues.closed",
      "issues.reopened",
      "issue_comment.deleted",
    ]);
    expect(received[2]?.payload.changes).toEqual({ body: { from: "first" } });
    expect(received[3]?.payload.changes).toEqual({ title: { from: "Bug" }, body: { from: "old" } });
    github.assertClean();
  });

  test("what the app does itself comes back from a bot", async () => {
    const { client, repo, received, arrived, github } = await given();
    const issue_number = await repo.openIssue({ as: "ann", title: "Bug" });
    const octokit = await client();
    await octokit.rest.issues.createComment({ ...SHOP, issue_number, body: "On it" });
    await octokit.rest.issues.addLabels({ ...SHOP, issue_number, labels: ["busy"] });
    expect(await arrived()).toEqual(["issues.opened", "issue_comment.created", "issues.labeled"]);
    const sender = { login: "baton[bot]", type: "Bot", id: github.app.botUserId };
    expect(received.slice(1).map((webhook) => webhook.payload.sender)).toMatchObject([sender, sender]);
  });

  test("other bots are told by their type", async () => {
    const { github, repo, received, arrived } = await given();
    const number = await repo.openIssue({ as: "ann", title: "Bug" });
    await github.asBot("helper[bot]").on(repo).comments(number, "beep");
    await arrived();
    expect(received.at(-1)?.payload.sender).toMatchObject({ login: "helper[bot]", type: "Bot" });
  });

  test("reactions and minimised comments are told to nobody", async () => {
    const { github, repo, arrived } = await given();
    const number = await repo.openIssue({ as: "ann", title: "Bug" });
    const ann = github.as("ann").on(repo);
    const { id } = await ann.comments(number, "x");
    await ann.reactsTo(id, "eyes");
    await ann.minimizesComment(id);
    expect(await arrived()).toEqual(["issues.opened", "issue_comment.created"]);
  });

  test("events the app did not subscribe to stay away, its installation's do not", async () => {
    const { github, repo, arrived } = await given({ github: { events: ["issue_comment"] } });
    await repo.openIssue({ as: "ann", title: "Bug" });
    await github.createRepository({ owner: "acme", name: "second" });
    github.removeApp(repo);
    expect(await arrived()).toEqual(["installation_repositories.added", "installation_repositories.removed"]);
    github.assertClean();
  });
});

describe("webhooks get lost, doubled, late", () => {
  test("what is done silently is never told, and yet is so", async () => {
    const { github, repo, arrived } = await given();
    const number = await github.as("ann").on(repo).silently.opensIssue({ title: "Bug" });
    await github.as("ann").on(repo).silently.labels(number, "agent");
    expect(await arrived()).toEqual([]);
    expect(github.deliveries).toEqual([]);
    expect(github.issue(repo, number).labels).toEqual(["agent"]);
  });

  test("a lost one is in GitHub's log as failed, and can be had again under the same GUID", async () => {
    const { github, repo, arrived, app, received } = await given();
    github.faults.drop({ event: "issues" });
    await repo.openIssue({ as: "ann", title: "Bug" });
    expect(await arrived()).toEqual([]);
    const failed = (await app.rest.apps.listWebhookDeliveries({ status: "failure" } as { per_page?: number })).data;
    expect(failed).toMatchObject([{ event: "issues", action: "opened", status_code: 502, redelivery: false }]);
    await app.rest.apps.redeliverWebhookDelivery({ delivery_id: failed[0]?.id ?? 0 });
    expect(await arrived()).toEqual(["issues.opened"]);
    expect(received[0]?.guid).toBe(failed[0]?.guid);
    const log = (await app.rest.apps.listWebhookDeliveries()).data;
    expect(log.map((one) => [one.guid, one.redelivery, one.status])).toEqual([
      [failed[0]?.guid, true, "OK"],
      [failed[0]?.guid, false, "failed to connect to host"],
    ]);
    expect(
      (await app.rest.apps.getWebhookDelivery({ delivery_id: log[0]?.id ?? 0 })).data.request.payload,
    ).toMatchObject({ action: "opened" });
    github.assertClean();
  });

  test("a receiver that answers with an error is not asked again by itself", async () => {
    const { github, repo } = await given();
    github.connect("http://127.0.0.1:1/nobody-listens");
    await repo.openIssue({ as: "ann", title: "Bug" });
    await github.settled();
    expect(github.deliveries.map((one) => [one.event, one.statusCode])).toEqual([["issues", 502]]);
  });

  test("a doubled one has one GUID", async () => {
    const { github, repo, arrived, received } = await given();
    github.faults.duplicate({ event: "issues", action: "opened" });
    await repo.openIssue({ as: "ann", title: "Bug" });
    expect(await arrived()).toEqual(["issues.opened", "issues.opened"]);
    expect(new Set(received.map((webhook) => webhook.guid)).size).toBe(1);
  });

  test("a late one is overtaken, and says what was true when it was made", async () => {
    const { github, repo, arrived, received } = await given();
    const held = github.faults.delay({ action: "labeled" });
    const number = await repo.openIssue({ as: "ann", title: "Bug" });
    await github.as("ann").on(repo).labels(number, "agent");
    await held.arrived;
    await github.as("ann").on(repo).unlabels(number, "agent");
    expect(await arrived()).toEqual(["issues.opened", "issues.unlabeled"]);
    held.release();
    expect(await arrived()).toEqual(["issues.opened", "issues.unlabeled", "issues.labeled"]);
    expect(received[2]?.payload.issue).toMatchObject({ labels: [{ name: "agent" }] });
  });

  test("a test redelivers by the GUID", async () => {
    const { github, repo, arrived } = await given();
    await repo.openIssue({ as: "ann", title: "Bug" });
    await github.settled();
    await github.redeliver(github.deliveries[0]?.guid ?? "");
    expect(await arrived()).toEqual(["issues.opened", "issues.opened"]);
  });
});
