/** What people see of a piece of HTML, and how many hidden or marking elements were dropped. */
export interface VisibleHtml {
  readonly text: string;
  readonly removed: number;
}

/** Reads the HTML of a document piece by piece, in order; Markdown between two pieces may be inside an element. */
export interface HtmlReader {
  read(piece: string): VisibleHtml;
  /** Whether the text after the last piece is inside a comment, a hidden element or an unfinished tag. */
  hides(): boolean;
}

interface Tag {
  readonly name: string;
  readonly kind: "open" | "close";
  readonly attributes: string;
}

const voidElements = /^(?:area|base|br|col|embed|hr|img|input|link|meta|param|source|track|wbr)$/;
const spacing = /^(?:br|td|th|tr|li|p|div|hr|h[1-6]|summary|dt|dd|option)$/;
/** Their content is never shown. Only with a closing tag: `Optional<Template>` must not swallow the rest of an issue. */
const neverShown = /^(?:script|style|template)$/;
const tagAt = /<(\/?)([A-Za-z][^\s/>]*)((?:[^>=]|=(?!\s*["'])|=\s*"[^"]*"|=\s*'[^']*')*)>/y;
const longestTag = 8192;

/**
 * A small tokenizer for the question "what of this would a reader see" (security.md T13). All tags go, since their
 * attributes are hidden text; the text between them stays unless an element hides it.
 */
export function createHtmlReader(document: string): HtmlReader {
  const lowerCase = document.toLowerCase();
  let mode: "text" | "comment" | "lost" = "text";
  let unfinished = "";
  let hidden: { readonly name: string; depth: number } | undefined;

  function read(piece: string): VisibleHtml {
    const html = unfinished + piece;
    const shown: string[] = [];
    let removed = 0;
    let at = 0;
    unfinished = "";
    while (at < html.length && mode !== "lost") {
      if (mode === "comment") {
        const end = /--!?>/g;
        end.lastIndex = at;
        if (!end.exec(html)) break;
        at = end.lastIndex;
        mode = "text";
        continue;
      }
      const next = html.indexOf("<", at);
      const textEnd = next === -1 ? html.length : next;
      if (!hidden) shown.push(html.slice(at, textEnd));
      at = textEnd;
      if (next === -1) break;
      const step = markupAt(html, at);
      removed += step.kind === "literal" ? 0 : 1;
      at = step.end;
      if (step.kind === "comment") mode = "comment";
      else if (step.kind === "unfinished") leaveUnfinished(html.slice(next));
      else if (step.kind === "tag") enter(step.tag, shown);
      else if (step.kind === "literal" && !hidden) shown.push("<");
    }
    return { text: shown.join(""), removed };
  }

  function leaveUnfinished(rest: string): void {
    if (rest.length > longestTag) mode = "lost";
    else unfinished = rest;
  }

  function enter(tag: Tag, shown: string[]): void {
    if (hidden) {
      if (tag.name !== hidden.name) return;
      hidden.depth += tag.kind === "open" ? 1 : -1;
      if (hidden.depth === 0) hidden = undefined;
      return;
    }
    if (tag.name === "img") shown.push("(image)");
    else if (spacing.test(tag.name)) shown.push(" ");
    if (tag.kind === "open" && !voidElements.test(tag.name) && isHidden(tag, lowerCase)) {
      hidden = { name: tag.name, depth: 1 };
    }
  }

  return { read, hides: () => mode !== "text" || hidden !== undefined || unfinished !== "" };
}

type Markup =
  | { readonly kind: "tag"; readonly tag: Tag; readonly end: number }
  | { readonly kind: "comment" | "closed" | "unfinished" | "literal"; readonly end: number };

function markupAt(html: string, at: number): Markup {
  if (html.startsWith("<!--", at)) {
    const empty = /<!--(?:-?>)/y;
    empty.lastIndex = at;
    return empty.test(html) ? { kind: "closed", end: empty.lastIndex } : { kind: "comment", end: at + 4 };
  }
  if (/^<[!?]/.test(html.slice(at, at + 2))) {
    const end = html.indexOf(">", at);
    return end === -1 ? { kind: "unfinished", end: html.length } : { kind: "closed", end: end + 1 };
  }
  if (!/^<\/?[A-Za-z]/.test(html.slice(at, at + 3))) return { kind: "literal", end: at + 1 };
  tagAt.lastIndex = at;
  const match = tagAt.exec(html);
  if (!match) return { kind: "unfinished", end: html.length };
  const [, slash, name = "", attributes = ""] = match;
  const tag: Tag = { name: name.toLowerCase(), kind: slash ? "close" : "open", attributes };
  return { kind: "tag", tag, end: tagAt.lastIndex };
}

function isHidden(tag: Tag, document: string): boolean {
  if (neverShown.test(tag.name)) return document.includes(`</${tag.name}`);
  return [...tag.attributes.matchAll(/([^\s"'>/=]+)(?:\s*=\s*("[^"]*"|'[^']*'|[^\s"'>]*))?/g)].some(
    ([, name = "", value = ""]) => hidesByAttribute(name.toLowerCase(), value.replaceAll(/^["']|["']$/g, "")),
  );
}

function hidesByAttribute(name: string, value: string): boolean {
  switch (name) {
    case "hidden":
      return true;
    case "style":
      return hidesByStyle(value.replaceAll(/\/\*.*?\*\//gs, "").replaceAll(/\s+/g, ""));
    case "class":
      return /(?:^|\s)(?:sr-only|visually-hidden|hidden|d-none)(?:\s|$)/i.test(value);
    case "color":
      return /^(?:white|transparent|#fff(?:fff)?)$/i.test(value.trim());
    default:
      return false;
  }
}

/** Escapes in a style have no honest use, so they count as hiding. */
function hidesByStyle(style: string): boolean {
  return (
    /[\\&]/.test(style) ||
    /(?:^|;)(?:display:none|visibility:(?:hidden|collapse)|opacity:0*\.?0+(?:;|!|%|$)|font(?:-size)?:0|(?:max-)?(?:height|width):0)/i.test(
      style,
    ) ||
    /(?:^|;)(?:color:(?:transparent|white|#fff)|text-indent:-|(?:left|top|right|bottom):-\d{3}|clip)/i.test(style)
  );
}
