import { stripInvisible } from "./invisible.ts";

/** CSI, OSC/DCS/PM/APC strings (closed or cut off by the end of a line), and two-character escapes; 7 and 8 bit. */
const escapes =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what this removes
  /(?:\u001b\[|\u009b)[0-?]*[ -/]*[@-~]?|(?:\u001b[\]PX^_]|[\u009d\u0090\u0098\u009e\u009f])[^\u0007\u001b\u009c\n]*(?:\u0007|\u001b\\|\u009c)?|\u001b[ -/]*[0-~]?/g;

/** Removes terminal escapes and every other invisible character; line ends become line feeds. */
export function stripAnsi(text: string): string {
  return stripInvisible(text.replace(escapes, "")).text;
}

/**
 * The last lines of a command's output, without escapes, at most `maxLines` lines and `maxCodePoints` code points. A
 * first line says how many lines were left out.
 */
export function tail(output: string, limits: { readonly lines: number; readonly codePoints: number }): string {
  const lines = stripAnsi(output).trimEnd().split("\n");
  const kept: string[] = [];
  let room = limits.codePoints;
  for (const line of lines.toReversed()) {
    const points = [...line];
    if (kept.length === limits.lines || (kept.length > 0 && points.length + 1 > room)) break;
    kept.unshift(points.length > room ? `…${points.slice(points.length - room + 1).join("")}` : line);
    room -= points.length + 1;
  }
  const left = lines.length - kept.length;
  return left === 0
    ? kept.join("\n")
    : [`… ${left} earlier ${left === 1 ? "line" : "lines"} left out`, ...kept].join("\n");
}
