import { createCheckRun } from "./world/checks.ts";
import type { CheckApp, Repository } from "./world/model.ts";

/** Another app that runs the repository's checks. */
export interface CiSystem {
  /** Reports a finished check on a commit. */
  completes(
    sha: string,
    check: { readonly name: string; readonly conclusion: string; readonly title?: string; readonly summary?: string },
  ): Promise<void>;
}

const CI_APP_ID = 15_368;

/** CI in a repository: check runs of an app that is not ours. */
export function ciIn(repository: Repository): CiSystem {
  const { world } = repository;
  const app: CheckApp = { id: CI_APP_ID, slug: "github-actions", bot: world.account("github-actions[bot]") };
  return {
    async completes(headSha, { name, conclusion, title = name, summary = "" }) {
      const output = { title, summary };
      await createCheckRun(repository, { app, headSha, name, conclusion, output });
    },
  };
}
