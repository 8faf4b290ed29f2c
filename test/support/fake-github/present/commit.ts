import { emailOf } from "../git/commits.ts";
import type { CommitFacts, Signature } from "../git/history.ts";
import { nodeIdOfText } from "../world/ids.ts";
import type { Account, JsonObject, Repository } from "../world/model.ts";
import type { World } from "../world/world.ts";
import { accountJson, iso } from "./account.ts";
import { repositoryPage, repositoryUrl } from "./repository.ts";

/** A commit as REST shows it. */
export function commitJson(repository: Repository, commit: CommitFacts): JsonObject {
  const { world } = repository;
  const url = repositoryUrl(repository);
  const page = repositoryPage(repository);
  const author = accountOf(world, commit.author);
  const committer = accountOf(world, commit.committer);
  return {
    url: `${url}/commits/${commit.sha}`,
    sha: commit.sha,
    node_id: nodeIdOfText("C", commit.sha),
    html_url: `${page}/commit/${commit.sha}`,
    comments_url: `${url}/commits/${commit.sha}/comments`,
    commit: {
      url: `${url}/git/commits/${commit.sha}`,
      author: signatureJson(commit.author),
      committer: signatureJson(commit.committer),
      message: commit.message,
      tree: { sha: commit.tree, url: `${url}/git/trees/${commit.tree}` },
      comment_count: 0,
      verification: { verified: false, reason: "unsigned", signature: null, payload: null, verified_at: null },
    },
    author: author === undefined ? null : accountJson(world, author),
    committer: committer === undefined ? null : accountJson(world, committer),
    parents: commit.parents.map((sha) => ({ sha, url: `${url}/commits/${sha}`, html_url: `${page}/commit/${sha}` })),
  };
}

/** The account whose address a signature carries. */
export function accountOf(world: World, signature: Signature): Account | undefined {
  return [...world.accounts.values()].find((account) => emailOf(account) === signature.email);
}

function signatureJson(signature: Signature): JsonObject {
  return { name: signature.name, email: signature.email, date: iso(signature.at) };
}
