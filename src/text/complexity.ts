/**
 * Whether parsing this text as Markdown could take longer than about a second. The parser's time grows with the
 * square of the depth of quotes and lists times the number of lines, and with the square of unfinished links and
 * comments: 64 KiB of `1. ` keep it busy for minutes. Measured; every limit is far above what people write.
 */
export function isTooComplex(text: string): boolean {
  if (text.length > 300_000) return true;
  const lines = text.split("\n");
  const depth = lines.reduce((deepest, line) => Math.max(deepest, containerDepth(line)), 0);
  if (depth > 100 || depth * depth * lines.length > 300_000) return true;
  return count(text, "](") > 5000 || count(text, "<!") + count(text, "<?") > 1000;
}

/** How many quotes and lists a line can open or continue. A ruler (`- - -`) opens none. */
function containerDepth(line: string): number {
  if (/^[ \t]*([-*_])(?:[ \t]*\1)*[ \t]*$/.test(line)) return 0;
  const marker = /[ \t]*(?:>|(?:[-+*]|\d{1,9}[.)])(?=[ \t]|$))/y;
  let depth = 0;
  let indentation = 0;
  while (marker.test(line)) {
    depth += 1;
    if (depth === 1) indentation = line.search(/[^ \t]/);
  }
  return depth === 0 ? 0 : depth + Math.floor(indentation / 2);
}

function count(text: string, part: string): number {
  return text.split(part).length - 1;
}
