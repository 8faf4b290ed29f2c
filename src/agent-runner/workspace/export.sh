# Turns the work tree into a bundle, inside the sandbox, after the agent's processes are dead. In: REPO (read-only), BASE,
# OBJECTS, EXCLUDE, INDEX, PROVIDED_LIST (file, NUL-separated). Out: `outcome` with `none` or the tip, and `change.bundle`.
# Nothing of the clone's `.git` is used: a fresh repository and index of our own mean that no hook, filter, monitor,
# alternate, graft or config the agent planted is ever read. Only the final tree counts, not the agent's commits. The
# index is our copy from before the agent: it tells unchanged files by their inode's change time, which nobody can set,
# so that only what was touched has to be read. BASE is what the change is told against; the work may have started later.
set -eu
unset GIT_CONFIG_PARAMETERS
git init --quiet --bare --template= git
mkdir -p git/info git/objects/info
printf '%s\n' "$OBJECTS" >git/objects/info/alternates
printf '%s' "$EXCLUDE" >git/info/exclude
here=$PWD
export GIT_DIR="$here/git" GIT_WORK_TREE="$REPO" GIT_INDEX_FILE="$INDEX" GIT_LITERAL_PATHSPECS=1
git update-ref --no-deref HEAD "$BASE"
(cd -- "$REPO" && git -c core.fileMode=true -c core.symlinks=true add --all .)
if [ -s "$PROVIDED_LIST" ]; then
  (cd -- "$REPO" && git reset --quiet "$BASE" --pathspec-from-file="$PROVIDED_LIST" --pathspec-file-nul)
fi
tree=$(git write-tree)
if [ "$tree" = "$(git rev-parse --verify --quiet "$BASE^{tree}")" ]; then
  echo none >outcome
  exit 0
fi
tip=$(git commit-tree "$tree" -p "$BASE" -m "Work of an agent")
git update-ref refs/heads/change "$tip"
git bundle create --quiet change.bundle refs/heads/change "^$BASE"
echo "$tip" >outcome
