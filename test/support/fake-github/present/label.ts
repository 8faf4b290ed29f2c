import { nodeId } from "../world/ids.ts";
import type { JsonObject, Label, Reaction, Repository } from "../world/model.ts";
import { REACTIONS } from "../world/model.ts";
import type { World } from "../world/world.ts";
import { accountJson, iso } from "./account.ts";
import { repositoryUrl } from "./repository.ts";

export function labelJson(repository: Repository, label: Label): JsonObject {
  return {
    id: label.id,
    node_id: nodeId("LA", label.id),
    url: `${repositoryUrl(repository)}/labels/${encodeURIComponent(label.name)}`,
    name: label.name,
    color: label.color,
    default: false,
    description: null,
  };
}

export function reactionJson(world: World, reaction: Reaction): JsonObject {
  return {
    id: reaction.id,
    node_id: nodeId("REA", reaction.id),
    user: accountJson(world, reaction.by),
    content: reaction.content,
    created_at: iso(reaction.createdAt),
  };
}

/** The counts that stand in issues and comments. */
export function reactionRollup(url: string, reactions: readonly Reaction[]): JsonObject {
  const counts = REACTIONS.map((content) => [
    content,
    reactions.filter((reaction) => reaction.content === content).length,
  ]);
  return { url: `${url}/reactions`, total_count: reactions.length, ...Object.fromEntries(counts) };
}
