import type { ProfileName } from "../../types.ts";
import { codex } from "./codex.ts";
import type { Profile } from "./profile.ts";

/** Every agent we can start, by name. */
export const profiles: Readonly<Record<ProfileName, Profile>> = { codex };
