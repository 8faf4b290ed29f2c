import { constants, realpathSync } from "node:fs";
import { access, stat } from "node:fs/promises";
import { dirname, isAbsolute } from "node:path";

export type AgentProgram =
  | { readonly kind: "found"; readonly reads: readonly string[] }
  | { readonly kind: "missing"; readonly detail: string };

/**
 * Looks for the agent's program and says what of the host must be readable for it: the directory of the program, and of
 * every argument that is the absolute path of a file (a script for an interpreter). A directory that holds anything of
 * `hidden` (data directory, settings, keys, other workspaces) is not opened: then only the file itself is.
 */
export async function findAgentProgram(command: readonly string[], hidden: readonly string[]): Promise<AgentProgram> {
  const [program] = command;
  if (program === undefined || !isAbsolute(program)) return missing(`not an absolute path: ${program ?? ""}`);
  const executable = await access(program, constants.X_OK).then(
    () => stat(program),
    () => undefined,
  );
  if (!executable?.isFile()) return missing(`${program} does not exist or cannot be executed`);
  const files: string[] = [];
  for (const word of command) if (isAbsolute(word) && (await isFile(word))) files.push(word, realpathSync(word));
  return { kind: "found", reads: [...new Set(files.map((file) => readableFor(file, hidden)))] };
}

function readableFor(file: string, hidden: readonly string[]): string {
  const directory = dirname(file);
  const prefix = directory === "/" ? "/" : `${directory}/`;
  return hidden.some((path) => path === directory || path.startsWith(prefix)) || directory === "/tmp"
    ? file
    : directory;
}

async function isFile(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isFile(),
    () => false,
  );
}

function missing(detail: string): AgentProgram {
  return { kind: "missing", detail };
}
