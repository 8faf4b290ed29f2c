import { runTool } from "../process.ts";

const env = { PATH: "/usr/sbin:/usr/bin:/sbin:/bin", LANG: "C" };

/**
 * Removes directories an agent could write to, whatever it left there: paths too long to name, directories without
 * permissions. Never follows a link. Throws when something stays.
 */
export async function removeTrees(paths: readonly string[]): Promise<void> {
  if (paths.length === 0) return;
  const remove = () => runTool({ argv: ["rm", "-rf", "--one-file-system", "--", ...paths], cwd: "/", env }, 300);
  if ((await remove()).code === 0) return;
  await runTool({ argv: ["chmod", "-R", "--", "u+rwX", ...paths], cwd: "/", env }, 300);
  const second = await remove();
  if (second.code !== 0)
    throw Object.assign(new Error("a workspace could not be removed"), {
      code: "WORKSPACE_STUCK",
      cause: second.stderr,
    });
}
