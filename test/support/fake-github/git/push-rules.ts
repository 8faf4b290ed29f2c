import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";

/** GitHub takes no workflow files from an app without the `workflows` permission, and ours never has it. */
const PRE_RECEIVE = `#!/bin/sh
[ -n "$PUSHED_BY_APP" ] || exit 0
while read -r old new ref; do
  case "$new" in 0000000*) continue ;; esac
  for commit in $(git rev-list "$new" --not --all); do
    path=$(git diff-tree --no-commit-id --name-only -r -m --root "$commit" -- .github/workflows | head -n 1)
    if [ -n "$path" ]; then
      echo "refusing to allow a GitHub App to create or update workflow \`$path\` without \`workflows\` permission" >&2
      exit 1
    fi
  done
done
`;

/** Where the rules for pushes lie. */
export function hooksDirectory(directory: string): string {
  return join(directory, ".push-rules");
}

/** Writes the rules that every push over HTTP has to pass. */
export async function writePushRules(directory: string): Promise<void> {
  await mkdir(hooksDirectory(directory), { recursive: true });
  await writeFile(join(hooksDirectory(directory), "pre-receive"), PRE_RECEIVE, { mode: 0o755 });
}
