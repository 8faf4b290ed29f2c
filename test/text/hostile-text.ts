import fc from "fast-check";

/** Pieces of markup that hide, notify or command, in any order: what hand-written cases forget. */
const pieces =
  'a|1| |\n|\n\n|<!--|-->|<b>|</b>|<span hidden>|</span>|<div style=\'display:none\'>|</div>|<br>|<script>|</script>|<a href="|">|<|<?|<![CDATA[|]]>|[|]|(|)|](|![|[a]: b|[a]|[//]: # (x)|[^1]|[^1]: |`|```|~~~|\n```js x\n|> |- |1. |    |\n\\|-\\|-\\|\n|\\||@ann|@|ann|#12|#|o/r#1|GH-1|\\|&#64;|&lt;|&num;1|&commat;|&#8203;|&|;|/retest|\n/x|http://x|https://github.com/o/r/issues/1|<https://a.example>|www.x.example|a@b.example|\u200b|\ud800|\u0000|😀|"t"|\'|*|_|~~|**|=|\t|\r\n|\u001b[31m'
    .split(/(?<!\\)\|/)
    .map((piece) => piece.replaceAll("\\|", "|"));

/** Texts of up to forty such pieces. */
export const hostileText = fc.array(fc.constantFrom(...pieces), { maxLength: 40 }).map((chosen) => chosen.join(""));
