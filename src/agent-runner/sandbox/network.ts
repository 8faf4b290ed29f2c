/** Ranges a *name* must not lead to. Address literals an operator lists are not names and stay possible. */
export const privateRanges = [
  "10.0.0.0/8",
  "172.16.0.0/12",
  "192.168.0.0/16",
  "100.64.0.0/10",
  "198.18.0.0/15",
  "fc00::/7",
] as const;

const hostEntry = /^(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9_]([A-Za-z0-9_.-]{0,251}[A-Za-z0-9_])?)(:\d{1,5})?$/;

/** Entries of a network list that are neither `name` nor `name:port`: patterns, URLs, empty lines. */
export function badNetworkEntries(entries: readonly string[]): readonly string[] {
  return entries.filter((entry) => !hostEntry.test(entry) || Number(entry.split(":").at(-1)) > 65_535);
}

/** `host:port` out of a line of sandbox-runtime's violation store, if the line is about a connection. */
export function blockedHostIn(line: string): string | undefined {
  const found = /^deny network-outbound (\S+:\d{1,5}) \(/.exec(line)?.[1];
  return found === undefined || found.length > 300 ? undefined : found;
}
