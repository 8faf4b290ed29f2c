# Makes the clone, inside the sandbox. In: SHA, BRANCH, OBJECTS (a directory per line), EXCLUDE, PROVIDED.
# Out: INDEX, kept where the agent cannot write.
# Not `git clone`: that would read the mirror's refs, and with them every other run's branch. Objects are borrowed
# read-only, as `clone --shared` does; there is no remote.
set -eu
unset GIT_CONFIG_PARAMETERS
git init --quiet --template= --initial-branch="$BRANCH" .
mkdir -p .git/hooks .git/info .git/objects/info
printf '%s\n' "$OBJECTS" >.git/objects/info/alternates
printf '%s' "$EXCLUDE" >.git/info/exclude
git update-ref "refs/heads/$BRANCH" "$SHA"
git reset --quiet --hard
cp .git/index "$INDEX"
if [ -n "$PROVIDED" ]; then cp -R -P -- "$PROVIDED"/. .; fi
