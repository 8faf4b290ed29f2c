import { type DestinationStream, type Logger, pino } from "pino";

/** Names whose values never reach the log, wherever they stand in an object. */
const secretKeys = ["token", "privateKey", "webhookSecret", "authorization", "password", "secret", "databaseUrl"];

/**
 * The operator's log: JSON lines on standard output. Messages are static; `task`, `run`, `delivery` and `effect` tell
 * what they are about. Payloads and tokens are never logged (house.md §5).
 *
 * @param level a pino level, such as `info`
 * @param destination where the lines go; standard output when left out
 */
export function createLog(level: string, destination?: DestinationStream): Logger {
  const paths = secretKeys.flatMap((key) => [key, `*.${key}`, `*.*.${key}`]);
  const options = {
    level,
    base: {},
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    formatters: { level: (label: string) => ({ level: label }) },
    redact: { paths, censor: "[redacted]" },
  };
  return destination ? pino(options, destination) : pino(options);
}

export type Log = Logger;
