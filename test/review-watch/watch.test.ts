import { describe, expect, it } from "vitest";
import { pullRequestClosed } from "../../src/review-watch/watch.ts";
import { baton, noon, pullRequestClosed as payload, repository } from "../handlers/payloads.ts";

const ours = {
  taskOfPullRequest: async (repositoryId: number, number: number) =>
    repositoryId === repository.id && number === 8 ? { issue: 7, title: "Totals are wrong" } : undefined,
};
const closedAt = noon + 30 * 60_000;

describe("a closed pull request", () => {
  it("of ours is told to the issue it came from", async () => {
    expect(await pullRequestClosed(payload(false), ours)).toEqual({
      repository: { id: repository.id, owner: "acme", name: "shop" },
      installationId: 66,
      issue: 7,
      title: "Totals are wrong",
      semanticKey: `${repository.id}/pull/3000000008/closed/${closedAt}`,
      event: {
        type: "pull_request_closed",
        at: closedAt,
        number: 8,
        merged: false,
        actor: { id: 101, login: "ann", type: "User" },
      },
    });
  });

  it("counts as well when we merged it ourselves", async () => {
    const fact = await pullRequestClosed(payload(true, baton), ours);
    expect(fact?.event).toMatchObject({ merged: true, actor: { id: 777 } });
  });

  it("of anybody else is none of our business, whatever its branch is called", async () => {
    expect(await pullRequestClosed(payload(true), { taskOfPullRequest: async () => undefined })).toBeUndefined();
  });

  it("with the number of ours in another repository is none of our business", async () => {
    const elsewhere = { ...payload(true), repository: { ...repository, id: 6 } };
    expect(await pullRequestClosed(elsewhere, ours)).toBeUndefined();
  });

  it("in a shape we do not know is refused", async () => {
    await expect(pullRequestClosed({}, ours)).rejects.toMatchObject({ code: "unreadable_payload" });
  });
});
