/** Where to and as whom a call goes over the network. The token is an installation token of the App. */
export interface Remote {
  readonly url: string;
  readonly token: string;
}

/** One finished environment and the names simple-git must be told to let through. */
export interface GitEnvironment {
  readonly values: Readonly<Record<string, string>>;
  readonly names: readonly string[];
}

/**
 * What no configuration file may override: environment-fed configuration wins over every file. Nothing on this list
 * may be removed because "the repository is ours": it is the second lock behind that first one (security.md §2).
 */
const hardening: readonly (readonly [key: string, value: string])[] = [
  ["core.hooksPath", "/dev/null"],
  ["core.fsmonitor", "false"],
  ["core.attributesFile", "/dev/null"],
  ["core.askPass", ""],
  ["credential.helper", ""],
  ["core.protectHFS", "true"],
  ["core.protectNTFS", "true"],
  ["gc.auto", "0"],
  ["maintenance.auto", "false"],
  ["submodule.recurse", "false"],
  ["push.gpgSign", "false"],
  // Without it a push after the base branch moved on sends history that the server already has.
  ["push.negotiate", "true"],
  // A redirect would carry our header to wherever the answer points.
  ["http.followRedirects", "false"],
  ["http.lowSpeedLimit", "1"],
  ["http.lowSpeedTime", "60"],
];

/**
 * Builds the whole environment of one git call from nothing, so that nothing of the operator's shell gets in.
 * @param gitDir - the bare repository, named outright: git never looks for one by itself
 * @param options - `remote` opens http and https for exactly this address; `extra` are further plain variables
 */
export function gitEnvironment(
  gitDir: string,
  options: { readonly remote?: Remote | undefined; readonly extra?: Readonly<Record<string, string>> | undefined },
): GitEnvironment {
  const { remote, extra } = options;
  const values = {
    ...base(gitDir),
    GIT_ALLOW_PROTOCOL: remote ? "http:https" : "",
    ...configuration(remote),
    ...extra,
  };
  return { values, names: Object.keys(values) };
}

/** The two forms in which a token could show up in text, for those who clean text. */
export function tokenForms(token: string): readonly string[] {
  return token === "" ? [] : [token, basic(token)];
}

function base(gitDir: string): Record<string, string> {
  return {
    PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/opt/homebrew/bin",
    HOME: "/nonexistent",
    XDG_CONFIG_HOME: "/nonexistent",
    LC_ALL: "C",
    TZ: "UTC",
    GIT_DIR: gitDir,
    GIT_CONFIG_NOSYSTEM: "1",
    GIT_CONFIG_GLOBAL: "/dev/null",
    GIT_ATTR_NOSYSTEM: "1",
    GIT_TERMINAL_PROMPT: "0",
    GIT_NO_REPLACE_OBJECTS: "1",
    GIT_NO_LAZY_FETCH: "1",
    GIT_OPTIONAL_LOCKS: "0",
    GIT_LITERAL_PATHSPECS: "1",
    GIT_LFS_SKIP_SMUDGE: "1",
  };
}

function configuration(remote: Remote | undefined): Record<string, string> {
  const pairs: (readonly [string, string])[] = [...hardening];
  if (remote) pairs.push([`http.${spelledOut(remote.url)}.extraHeader`, secretHeader(remote.token)]);
  const entries = pairs.flatMap(([key, value], index) => [
    [`GIT_CONFIG_KEY_${index}`, key],
    [`GIT_CONFIG_VALUE_${index}`, value],
  ]);
  return { GIT_CONFIG_COUNT: String(pairs.length), ...Object.fromEntries(entries) };
}

/**
 * Writes the path of an address in percent form. git reads it back as the same address, and simple-git's screening,
 * which searches configuration keys for words such as "alias", does not stumble over a repository of that name.
 */
function spelledOut(url: string): string {
  const { origin, pathname } = new URL(url);
  return origin + pathname.replace(/[A-Za-z]/g, (letter) => `%${letter.charCodeAt(0).toString(16)}`);
}

/**
 * A value that turns into the header only where the child is started. simple-git prints whole environments when DEBUG
 * is set; there this shows as an object with nothing in it.
 */
function secretHeader(token: string): string {
  const header = `Authorization: Basic ${basic(token)}`;
  return { toString: () => header } as unknown as string;
}

function basic(token: string): string {
  return Buffer.from(`x-access-token:${token}`).toString("base64");
}
