import { z } from "zod";

/** An id. GitHub's may exceed 2³¹; beyond 2⁵³ a number would silently be another object, so those are refused. */
export const id = z.number().int().positive();

/** The same as GraphQL writes it where it has 64 bits: as a text. */
export const bigId = z.string().regex(/^\d+$/).transform(Number).pipe(id);

/** A time as GitHub writes it, as milliseconds since the epoch. */
export const time = z.iso.datetime({ offset: true }).transform((text) => Date.parse(text));

/** For creations whose only interesting answer is the new object's id. */
export const created = z.object({ id });

export const absentOr = <T>(schema: z.ZodType<T>) => schema.nullish().transform((value) => value ?? undefined);

/** An account as REST writes it. */
export const accountSchema = z.object({
  id,
  login: z.string().min(1),
  type: z.enum(["User", "Bot", "Organization", "Mannequin"]),
});
