import type { Trial } from "../vector.ts";
import { gitMetadataTrial } from "./git-metadata.ts";
import { knownSecretsTrial } from "./known-secrets.ts";
import { objectsTrial } from "./objects.ts";
import { secretsTrial } from "./secrets.ts";
import { treeTrial } from "./tree.ts";

/** Everything that is tried, in the order in which it is shown. */
export const trials: readonly Trial[] = [secretsTrial, gitMetadataTrial, objectsTrial, treeTrial, knownSecretsTrial];
