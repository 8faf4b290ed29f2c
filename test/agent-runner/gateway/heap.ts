import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

/** What is in use on the heap, in bytes, with nothing on it that nobody holds. */
export function heapInUse(): number {
  collect();
  return process.memoryUsage().heapUsed;
}
