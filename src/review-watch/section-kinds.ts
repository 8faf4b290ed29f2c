/**
 * What a heading or summary of a review's body announces. An appendix is boilerplate in a collapsed block: only what is
 * surely a finding counts in it. In doubt a title is unknown, since a point that is lost is worse than a needless one.
 */
export type SectionKind = "findings" | "boilerplate" | "appendix" | "unknown";

/** Whatever else such a title says, findings are under it. */
const surelyFindings = anyOf(
  /\bnit(?:s|picks?|picking)?\b/,
  /outside (?:of )?(?:the )?diff/,
  /suppressed|low[- ]confidence/,
  /duplicate comment/,
  /(?:summary|overview|list) of (?:the )?(?:issues|findings|problems|concerns)/,
);

/** What bots write around their findings: what they did, about themselves, how to use them, what to paste elsewhere. */
const boilerplate = anyOf(
  /walkthrough|summar|overview|sequence diagram|\bpoem\b/,
  /review (?:details|info|effort)|run configuration|configuration used|estimated (?:code )?review/,
  /\bfiles?\b.*\b(?:changed|reviewed|selected|processed|processing|skipped|ignored)/,
  /(?:key|main|notable|reviewed|other) changes|^\W*changes\W*$/,
  /additional (?:comments|context|notes)|related (?:prs?|issues|pull)|linked issues|learnings|\bcommits\b/,
  /suggested (?:labels|reviewers)|pre-merge|finishing touch|prompts? (?:for|to)\b/,
  /^\W*(?:tips?|about|share|thank|commands|score|strengths|positives|praise|lgtm)\b/,
  /(?:available|chat|supported) commands|how (?:to (?:use|trigger|configure)|it works)/,
  /(?:confidence|quality|overall) score|positive (?:notes|aspects|points|feedback)|what(?:'s| is) good|looks good|went well/,
);

const findings = anyOf(
  /issue|finding|concern|problem|\bbugs?\b|\brisks?\b/,
  /suggest|recommend|improve|feedback|comment|request|requir|question|todo|action/,
  /must|should|warning|critical|important|minor|major|block(?:er|ing)|security|\bp[0-3]\b|severity/,
);

/** Reads the title of a section in a bot's review that stands within another. */
export function kindOfTitle(
  { title, kind }: { readonly title: string; readonly kind: "body" | "details" | "heading" },
  within: SectionKind,
): SectionKind {
  if (surelyFindings.test(title)) return "findings";
  if (within === "appendix") return "appendix";
  if (boilerplate.test(title)) return kind === "details" ? "appendix" : "boilerplate";
  if (findings.test(title)) return "findings";
  return within === "boilerplate" ? "unknown" : within;
}

/** Whether a collapsed block within a finding says nothing about the code: what to paste elsewhere, how to use the bot. */
export function isAside(title: string): boolean {
  return /prompts? (?:for|to)\b|^\W*(?:tips?|about|learnings)\b/i.test(title);
}

/** Whether a collapsed block is a list of findings of its own and no part of the finding before it. */
export function isOwnList(title: string): boolean {
  return surelyFindings.test(title);
}

/** Paragraphs of bots that ask for nothing. Each must cover the whole: "no issues but one" has an issue. */
const phrases = anyOf(
  /^actionable comments posted[^\n]*$/,
  /^(?:please )?come back (?:again )?(?:in|later)[^\n]*$/,
  /^(?:currently|still) (?:reviewing|processing)[^\n]*$/,
  /^review (?:is )?(?:in progress|triggered|skipped|started|finished|completed?)[^\n]{0,40}$/,
  /^(?:[\w-]+ ){1,4}reviewed \d+ (?:out )?of \d+[^\n]*$/,
  /^(?:here are|i (?:have )?left|posted) (?:some|a few|my|\d+) [^.\n]{0,60}(?:suggestions?|comments?|notes?)\b[^.\n]{0,60}[.:]?$/,
  /^some comments are outside the diff[^\n]*$/,
  /^(?:found )?(?:no (?:new |major |further )?(?:issues?|problems?|comments?|concerns?|findings?|bugs?)|did(?:n't| not) find any|all good|looks good|lgtm)\b(?!.*\b(?:but|however|except|though|although|apart|besides|only)\b)[^\n.;]{0,40}\W*$/,
  /^thanks? (?:you )?for using [^\n]{0,120}$/,
  /^(?:last )?reviewed commit[^\n]*$|^(?:edit|view) (?:code )?(?:review|in|on)\b[^\n]{0,80}$/,
  /^(?:react|reply|comment) with\b[^\n]{0,120}$|^was this (?:helpful|useful)[^\n]*$/,
  /^[^\n]{0,120}\blearn more\b\W*(?:\([^\n]*\))?\W*$/,
  /^\[!(?:tip|note|important)\]/,
);

/** Whether a bot's paragraph asks for nothing. */
export function isBoilerplate(text: string): boolean {
  const words = text
    .replace(/^(?:\[!(?:caution|warning)\]|[\s*_~>#\p{S}])+/iu, "")
    .replaceAll(/<[^<>]{0,2000}>/g, "")
    .trim();
  return words === "" || phrases.test(words);
}

function anyOf(...patterns: readonly RegExp[]): RegExp {
  return new RegExp(patterns.map(({ source }) => source).join("|"), "i");
}
