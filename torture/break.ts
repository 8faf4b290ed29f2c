import { registerHooks } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { plantedFaults } from "./planted-faults.ts";

/**
 * Loaded before Baton (`node --import`): rewrites the one file that the fault named in TORTURE_BREAK is planted in.
 * A text that is not there any more ends the process: a fault that is not planted would never be noticed.
 */
const name = process.env.TORTURE_BREAK;
const fault = plantedFaults.find((each) => each.name === name);
if (fault === undefined) throw new Error(`There is no planted fault called ${name}`);
const target = pathToFileURL(join(import.meta.dirname, "../src", fault.file)).href;

registerHooks({
  load(url, context, nextLoad) {
    const loaded = nextLoad(url, context);
    if (url !== target) return loaded;
    let source = String(loaded.source);
    for (const [find, replace] of fault.changes) {
      if (!source.includes(find))
        throw new Error(`The fault ${name} cannot be planted: ${fault.file} has changed and lacks\n${find}`);
      source = source.replaceAll(find, () => replace);
    }
    return { ...loaded, source };
  },
});
