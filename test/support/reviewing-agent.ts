/**
 * An agent for tests: it fixes the one file there is, and in a round over feedback does what each item's newest words
 * that it understands say. "Please <word>" adds the word to the file, "Keep" is declined, "Which" is asked back, "Silent" is left out, and
 * "Wait" makes it wait for a file `go` first.
 */
export const reviewingAgent = `if [[ "$prompt" != *"# The feedback"* ]]; then
  printf 'one\\ntwo\\nthree\\n' > fix.txt
  printf '{"title":"Fix it","summary":"It was broken; now it is not."}' > "$BATON_RESULT"
  exit 0
fi
export prompt
exec node -e '
const fs = require("node:fs");
const items = process.env.prompt.split("\\n# The feedback\\n")[1].split(/^### /m).slice(1);
const answers = [];
const said = items.map((item) => {
  const [, id] = /^\`([^\`]+)\`/.exec(item);
  const fence = /^=====[0-9a-f]+=====$/m.exec(item)[0];
  const blocks = item.split(fence).filter((_, at) => at % 2 === 1);
  return { id, words: blocks.findLast((block) => /Please|Keep|Which|Silent/.test(block)) ?? "" };
});
const work = () => {
  for (const { id, words } of said) {
    const please = /Please (\\w+)/.exec(words);
    if (please) fs.appendFileSync("fix.txt", please[1] + "\\n");
    if (please) answers.push({ id, answer: "fixed", text: "Added " + please[1] + "." });
    else if (/Keep/.test(words)) answers.push({ id, answer: "declined", text: "It is public API." });
    else if (/Which/.test(words)) answers.push({ id, answer: "question", text: "Ten or twenty?" });
  }
  fs.writeFileSync(process.env.BATON_RESULT, JSON.stringify({ title: "Address the review", answers }));
};
const wait = () => (fs.existsSync("go") ? (fs.rmSync("go"), work()) : setTimeout(wait, 50));
if (said.some(({ words }) => /Wait/.test(words))) wait(); else work();
'
`;
