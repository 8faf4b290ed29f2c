/** Everything that ends up in a path, a ref or a URL passes here first; nothing else reaches git's argv. */

/** Says that a caller handed over a name that no honest caller makes. Always a bug, never an expected outcome. */
export class BadNameError extends Error {
  readonly code = "git_bad_name";

  constructor(what: string) {
    super(`Not a usable ${what}.`);
    this.name = "BadNameError";
  }
}

/**
 * Checks a GitHub repository id (a positive safe integer; ids exceed 2^31).
 * @throws BadNameError
 */
export function requireRepositoryId(id: number): number {
  if (!Number.isSafeInteger(id) || id <= 0) throw new BadNameError("repository id");
  return id;
}

/**
 * Checks a run id: lower-case letters, digits and dashes, at most 64, so that it is a safe directory name.
 * @throws BadNameError
 */
export function requireRunId(id: string): string {
  if (!/^[0-9a-z][0-9a-z-]{0,63}$/.test(id)) throw new BadNameError("run id");
  return id;
}

/**
 * Checks a full object name (40 lower-case hexadecimal digits).
 * @throws BadNameError
 */
export function requireSha(sha: string): string {
  if (!/^[0-9a-f]{40}$/.test(sha)) throw new BadNameError("object name");
  return sha;
}

/**
 * Checks the address of a remote: http or https, and no user name, password, query or fragment in it (T29).
 * @throws BadNameError
 */
export function requireRemoteUrl(url: string): string {
  const parsed = URL.parse(url);
  const plain = parsed?.username === "" && parsed.password === "" && parsed.search === "" && parsed.hash === "";
  if (!parsed || !plain || !/^https?:\/\/[\x21-\x7e]+$/.test(url)) throw new BadNameError("remote address");
  return url;
}

/**
 * Tells whether a branch name is one that we may create and push (T28): ASCII letters, digits and `._-/` only, at most
 * 200 characters, legal for git, and impossible to mistake for an option, an object name or a full ref.
 */
export function isOwnBranchName(name: string): boolean {
  return (
    /^[A-Za-z0-9][A-Za-z0-9._/-]{0,199}$/.test(name) &&
    !/^[0-9a-f]{40}$/i.test(name) &&
    !/^refs\//i.test(name) &&
    isBranchName(name)
  );
}

/** Tells whether git accepts this as a branch name. For branches that other people named, such as a base branch. */
export function isBranchName(name: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused here
  if (name === "" || name === "@" || name === "HEAD" || name.length > 1000 || /[\x00-\x20\x7f~^:?*[\\]/.test(name)) {
    return false;
  }
  if (!name.isWellFormed() || name.startsWith("-") || name.endsWith(".") || /\.\.|@\{/.test(name)) return false;
  return name.split("/").every((part) => part !== "" && !part.startsWith(".") && !part.endsWith(".lock"));
}

/** Checks a name with {@link isOwnBranchName}. @throws BadNameError */
export function requireOwnBranchName(name: string): string {
  if (!isOwnBranchName(name)) throw new BadNameError("branch name");
  return name;
}

/** Checks a name with {@link isBranchName}. @throws BadNameError */
export function requireBranchName(name: string): string {
  if (!isBranchName(name)) throw new BadNameError("branch name");
  return name;
}
