export type { SlowAnswer } from "./deliver.ts";
export type { FaultInput } from "./faults.ts";
export { type ModelServer, type ModelServerOptions, openModelServer } from "./model-server.ts";
export type { RecordedRequest } from "./record.ts";
export { loadTurnFile, ScriptError, type TurnFile, type TurnFileInput } from "./script.ts";
