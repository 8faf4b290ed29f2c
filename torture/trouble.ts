import type { FakeGitHub } from "../test/support/fake-github/index.ts";
import type { Arena } from "./arena.ts";
import type { Chance } from "./prng.ts";

/** What goes wrong between GitHub and Baton. */
export interface Trouble {
  /** Plans one more thing that shall go wrong. */
  make(): void;
  /** All goes well from now on; what was held up arrives. */
  end(): void;
}

const repo = "/repos/{owner}/{repo}";

const writes: readonly string[] = [
  `POST ${repo}/issues/{issue_number}/comments`,
  `PATCH ${repo}/issues/comments/{comment_id}`,
  `POST ${repo}/issues/comments/{comment_id}/reactions`,
  `POST ${repo}/pulls`,
  `POST ${repo}/pulls/{pull_number}/requested_reviewers`,
  `POST ${repo}/check-runs`,
  "GIT receive-pack",
];
const reads: readonly string[] = [
  `GET ${repo}/collaborators/{username}/permission`,
  "POST /graphql",
  "GIT upload-pack",
  "GIT advertise receive-pack",
  "POST /app/installations/{installation_id}/access_tokens",
];

export function troubleOf({ github }: Pick<Arena, "github">, chance: Chance): Trouble {
  const releases: (() => void)[] = [];
  const { faults } = github;
  const when = () => (chance.percent(30) ? "before" : "after") as "before" | "after";
  const kinds: readonly (readonly [number, () => void])[] = [
    [10, () => faults.drop(anyWebhook(chance))],
    [10, () => faults.duplicate(anyWebhook(chance))],
    [10, () => releases.push(holdOne(github, chance))],
    [25, () => faults.answer({ route: chance.pick(writes), status: 502, when: when() })],
    [15, () => faults.hangUp({ route: chance.pick(writes), when: when() })],
    [10, () => faults.answer({ route: chance.pick(reads), status: 502 })],
    [5, () => faults.hangUp({ route: chance.pick(reads) })],
    [10, () => faults.expireTokens()],
  ];
  return {
    make: () => chance.weighted(kinds)(),
    end() {
      faults.clear();
      for (const release of releases) release();
    },
  };
}

function anyWebhook(chance: Chance) {
  return chance.weighted([
    [3, { event: "issues", action: "labeled" }],
    [2, { event: "issue_comment", action: "created" }],
    [1, { event: "issues" }],
    [1, { event: "pull_request" }],
  ]);
}

/** A webhook that comes long after its time. */
function holdOne({ faults }: FakeGitHub, chance: Chance): () => void {
  const held = faults.delay(anyWebhook(chance));
  let arrived = false;
  held.arrived.then(() => {
    arrived = true;
  });
  return () => {
    if (arrived) held.release();
  };
}
