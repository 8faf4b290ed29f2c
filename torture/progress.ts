let lastLine = 0;

/** On a terminal one line that changes; in a log a line every ten seconds. */
export function progressLine(line: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${line}`);
  else if (performance.now() - lastLine > 10_000) {
    lastLine = performance.now();
    process.stderr.write(`${line}\n`);
  }
}

/** Clears the line. */
export function endProgress(): void {
  if (process.stderr.isTTY) process.stderr.write("\r\x1b[K");
}
