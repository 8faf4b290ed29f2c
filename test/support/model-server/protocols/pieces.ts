const smallest = 24;
const most = 64;

/** A text in the pieces a stream brings it in: a few words each, and never more than 64. */
export function pieces(text: string): readonly string[] {
  const characters = Array.from(text);
  const size = Math.max(smallest, Math.ceil(characters.length / most));
  const count = Math.max(1, Math.ceil(characters.length / size));
  return Array.from({ length: count }, (_, index) => characters.slice(index * size, (index + 1) * size).join(""));
}
