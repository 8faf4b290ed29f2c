import { z } from "zod";
import { absentOr, id } from "./fields.ts";
import type { Actor } from "./types.ts";

/** An account as GraphQL writes it. */
export const actorSchema = z.object({
  __typename: z.enum(["User", "Bot", "Organization", "Mannequin", "EnterpriseUserAccount"]),
  login: z.string(),
  databaseId: absentOr(id),
});

type ActorNode = z.infer<typeof actorSchema> | null;

/** Webhooks and REST write `name[bot]`, GraphQL writes `name`: one spelling, or nobody can be compared. */
export function loginOf(actor: ActorNode): string | undefined {
  if (!actor) return undefined;
  return actor.__typename === "Bot" && !actor.login.endsWith("[bot]") ? `${actor.login}[bot]` : actor.login;
}

/** Accounts without a numeric id cannot be told apart for certain, so they count as unknown. */
export function actorFrom(actor: ActorNode): Actor | undefined {
  const login = loginOf(actor);
  if (!actor?.databaseId || login === undefined || actor.__typename === "EnterpriseUserAccount") return undefined;
  return { id: actor.databaseId, login, type: actor.__typename };
}
