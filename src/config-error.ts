/** Everything that is missing or wrong, all at once, so that an operator mends it in one go. */
export class ConfigError extends Error {
  readonly code = "BAD_CONFIG";
  readonly problems: readonly string[];
  constructor(problems: readonly string[]) {
    super(`Baton cannot start:\n${problems.map((problem) => `  - ${problem}`).join("\n")}`);
    this.problems = problems;
  }
}
