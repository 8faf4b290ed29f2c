/** Pure rules about the names in a tree (T26): what checks out as something else on some system is refused. */

const invisible = /[\p{Cc}\p{Cf}\p{Co}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/u;
const device = /^(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$|clock\$)$/;
// NTFS also knows long names by short ones: eight characters, a tilde and a number, or a hash when those are taken.
const gitAlias = /^(?:\.git|git~\d+)$/;
const modulesAlias = /^(?:\.gitmodules|gitmod~\d+|gi7eba~\d+|gi7eb[0-9a-f]?~\d+)$/;
const lfsAlias = /^(?:\.lfsconfig|lfscon~\d+)$/;

/**
 * Says what is wrong with one component of a path.
 * @returns the end of a sentence that begins with the path, or undefined
 */
export function nameProblem(name: string): string | undefined {
  if (name === "" || name === "." || name === ".." || name.includes("/")) return "is not a file name";
  const folded = checkedOutAs(name);
  if (gitAlias.test(folded)) return "can be taken for git's own directory";
  if (modulesAlias.test(folded)) return "can be taken for .gitmodules: submodules are not allowed";
  if (lfsAlias.test(folded)) return "can be taken for .lfsconfig: it redirects Git LFS";
  if (invisible.test(name)) return "has control or invisible characters in its name";
  if (name.includes("\\")) return "has a backslash in its name, which other systems read as a directory";
  if (device.test((folded.split(".")[0] ?? "").trimEnd())) return "is a reserved name on Windows";
  if (/[. ]$/.test(name)) return "ends in a dot or a space, which Windows drops";
  if (Buffer.byteLength(name) > 255) return "has a name above 255 bytes";
  return undefined;
}

/** The form under which macOS and Windows take two names for one. */
export function foldedName(name: string): string {
  return name.normalize("NFD").toUpperCase().toLowerCase().normalize("NFC");
}

/**
 * The names that a file system may make of this one, in the least friendly reading: compatibility forms and invisible
 * characters gone (HFS+), lower case, alternate data stream and trailing dots and spaces cut off (NTFS).
 */
export function checkedOutAs(name: string): string {
  const plain = name.replace(/[\p{Cf}\p{Default_Ignorable_Code_Point}]/gu, "").normalize("NFKC");
  const [first = ""] = foldedName(plain).split(":");
  return first.replace(/[. ]+$/, "");
}

/**
 * Makes a path fit for a sentence: in code marks (so that nothing in it mentions anybody), at most 120 characters,
 * whatever is not visible spelled out.
 */
export function shownPath(path: string): string {
  const visible = path.replace(
    /[\p{Cc}\p{Cf}\p{Co}\p{Cs}\p{Cn}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu,
    (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`,
  );
  const points = [...visible.replaceAll("`", "\u2019")];
  return `\`${points.length > 120 ? `${points.slice(0, 119).join("")}…` : points.join("")}\``;
}
