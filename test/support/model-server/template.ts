/** What may hold `{{name}}`. */
export interface Texts {
  readonly say?: string | undefined;
  readonly run?: readonly string[] | undefined;
  readonly done?: string | undefined;
}

const placeholder = /\{\{(\w+)\}\}/g;

/** The names used in a turn. */
export function placeholders({ say = "", run = [], done = "" }: Texts): readonly string[] {
  return [say, ...run, done].flatMap((text) => [...text.matchAll(placeholder)].map(([, name = ""]) => name));
}

/** A text with the captured values in it. */
export function fill(text: string, values: ReadonlyMap<string, string>): string {
  return text.replace(placeholder, (whole, name: string) => values.get(name) ?? whole);
}

/**
 * What a script captures from a prompt: the first group of each pattern, or all it matched. `^` and `$` are the ends
 * of a line.
 *
 * @throws Error naming a pattern that matched nothing
 */
export function captureFrom(prompt: string, patterns: Readonly<Record<string, string>>): ReadonlyMap<string, string> {
  return new Map(
    Object.entries(patterns).map(([name, pattern]) => {
      const match = new RegExp(pattern, "m").exec(prompt);
      if (match === null) throw new Error(`the prompt has nothing for {{${name}}}: ${pattern}`);
      return [name, match[1] ?? match[0]];
    }),
  );
}
