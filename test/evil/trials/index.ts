import type { Trial } from "../vector.ts";
import { egressTrial } from "./egress.ts";
import { evilRepositoryTrial } from "./evil-repository.ts";
import { gitMetadataTrial } from "./git-metadata.ts";
import { handOverTrial } from "./hand-over.ts";
import { knownSecretsTrial } from "./known-secrets.ts";
import { limitsTrial } from "./limits.ts";
import { modelGatewayTrial } from "./model-gateway.ts";
import { nextRoundTrial } from "./next-round.ts";
import { objectsTrial } from "./objects.ts";
import { outliveTrial } from "./outlive.ts";
import { secretsTrial } from "./secrets.ts";
import { tamperTrial } from "./tamper.ts";
import { textsTrial } from "./texts.ts";
import { treeTrial } from "./tree.ts";
import { wholeAppTrial } from "./whole-app.ts";

/** Everything that is tried, in the order in which it is shown. */
export const trials: readonly Trial[] = [
  secretsTrial,
  tamperTrial,
  egressTrial,
  limitsTrial,
  outliveTrial,
  nextRoundTrial,
  gitMetadataTrial,
  objectsTrial,
  treeTrial,
  knownSecretsTrial,
  handOverTrial,
  modelGatewayTrial,
  evilRepositoryTrial,
  textsTrial,
  wholeAppTrial,
];
