import { z } from "zod";
import { GitHubFailure } from "./errors.ts";
import { id } from "./fields.ts";
import type { Gateway } from "./gateway.ts";
import { ownerAndName } from "./place.ts";
import type { At } from "./types.ts";

export interface PullRequestFound {
  readonly number: number;
  readonly state: "open" | "closed";
  readonly merged: boolean;
  readonly headSha: string;
  readonly base: string;
  readonly draft: boolean;
}

export interface NewPullRequest {
  readonly title: string;
  readonly body: string;
  /** Branch of the same repository. */
  readonly head: string;
  readonly base: string;
  readonly draft: boolean;
}

export interface PullRequestCreated {
  readonly number: number;
  readonly headSha: string;
  readonly draft: boolean;
}

export interface PullRequestCalls {
  findPullRequest(at: At, branch: string): Promise<PullRequestFound | undefined>;
  createPullRequest(at: At, pullRequest: NewPullRequest): Promise<PullRequestCreated>;
  requestReview(at: At, number: number, login: string): Promise<"requested" | "not_possible">;
}

const pullSchema = z.object({
  number: id,
  state: z.enum(["open", "closed"]),
  draft: z.boolean().optional(),
  merged_at: z.string().nullish(),
  head: z.object({ ref: z.string(), sha: z.string().min(40), repo: z.object({ id }).nullable() }),
  base: z.object({ ref: z.string(), repo: z.object({ id }) }),
});

export function createPullRequestCalls(gateway: Gateway): PullRequestCalls {
  return {
    async findPullRequest(at, branch) {
      const newestFirst = await listByHead(gateway, at, branch);
      // GitHub ignores a head filter it cannot read, and a fork may use the same branch name (security.md T10).
      const ours = newestFirst.filter(({ head }) => head.ref === branch && head.repo?.id === at.repository.id);
      const found = ours.find((each) => each.state === "open") ?? ours[0];
      return found && foundFrom(found);
    },
    async createPullRequest(at, pullRequest) {
      const { number, head, draft } = await gateway.write(at, {
        name: "create pull request",
        schema: pullSchema,
        send: (octokit) => octokit.rest.pulls.create({ ...ownerAndName(at), ...pullRequest }),
      });
      return { number, headSha: head.sha, draft: draft ?? false };
    },
    async requestReview(at, pull_number, login) {
      const request = { ...ownerAndName(at), pull_number, reviewers: [login] };
      try {
        await gateway.write(at, {
          name: "request review",
          schema: z.object({ number: id }),
          send: (octokit) => octokit.rest.pulls.requestReviewers(request),
        });
        return "requested";
      } catch (error) {
        if (error instanceof GitHubFailure && error.status === 422) return "not_possible";
        throw error;
      }
    },
  };
}

function listByHead(gateway: Gateway, at: At, branch: string) {
  return gateway.readAll(at, {
    name: "list pull requests of a branch",
    maxPages: 10,
    schema: z.array(pullSchema),
    send: (octokit, page) => {
      const head = `${at.repository.owner}:${branch}`;
      const newestFirst = { state: "all", sort: "created", direction: "desc" } as const;
      return octokit.rest.pulls.list({ ...ownerAndName(at), head, ...newestFirst, ...page });
    },
  });
}

function foundFrom(pull: z.infer<typeof pullSchema>): PullRequestFound {
  const { number, state, head, base, draft } = pull;
  return { number, state, merged: Boolean(pull.merged_at), headSha: head.sha, base: base.ref, draft: draft ?? false };
}
