import { readFileSync } from "node:fs";
import type { AppIdentity } from "../test/support/fake-github/index.ts";

/** A text somebody can read, and where. */
export interface Leak {
  readonly where: string;
  readonly text: string;
}

export interface Reading {
  readonly app: AppIdentity;
  readonly texts: readonly Leak[];
  readonly logFiles: readonly string[];
}

/** Where the webhook secret, a line of the App's key or an installation's token can be read (security.md I3). */
export function secretsIn({ app, texts, logFiles }: Reading): readonly string[] {
  const keyLines = app.privateKeyPem.split("\n").filter((line) => line.length >= 40 && !line.startsWith("-----"));
  const secrets: readonly (readonly [string, (text: string) => boolean])[] = [
    ["the webhook secret", (text) => text.includes(app.webhookSecret)],
    ["a line of the App's key", (text) => keyLines.some((line) => text.includes(line))],
    ["a token", (text) => /gh[ps]_[0-9a-f]{36}/.test(text)],
  ];
  const logs = logFiles.map((file) => ({ where: `the log ${file}`, text: readFileSync(file, "utf8") }));
  return [...texts, ...logs].flatMap(({ where, text }) =>
    secrets.filter(([, isIn]) => isIn(text)).map(([secret]) => `${secret} can be read in ${where}`),
  );
}
