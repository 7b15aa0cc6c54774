/**
 * What helpers run in the stage's own base image, by its shell. They take what that has, be it GNU's
 * programs or busybox's; where it has neither, the step fails and nothing is kept.
 *
 * Each reads lines of a number and a path from `seed/mounts`, one a mount.
 */
const START = `set -e
b=
command -v tar >/dev/null 2>&1 || b=busybox
cd /nx-stages
$b mkdir -p out
`;

/**
 * Lists a mount: type and mode, owner, group, size, time, path. `find` ends with 1 where a file went
 * meanwhile; that it can list at all is tried first.
 */
const LIST = `${START}nl='
'
while read -r n path; do
  cd "$path"
  $b find . -maxdepth 0 -exec $b stat -c '%f %u %g %s %Y %n' {} + > /nx-stages/out/$n.list
  $b find . -mindepth 1 ! -path "*$nl*" ! -path './.nx-stages-*' '(' -type f -o -type d -o -type l ')' -exec $b stat -c '%f %u %g %s %Y %n' {} + > /nx-stages/out/$n.list || [ $? -eq 1 ]
done < seed/mounts
`;

/**
 * Packs the files that a list names, into some archives: busybox takes their names as arguments alone. One
 * that went meanwhile is not there.
 */
const TAKE = `${START}export b
while read -r n path; do
  cd "$path"
  $b tr '\\n' '\\0' < /nx-stages/seed/$n.paths | $b xargs -0 /bin/sh -c '$b tar -cf "/nx-stages/out/$$.tar" "$@" || :' take
done < seed/mounts
`;

/**
 * Unpacks files aside, in the mount, and gives each its name when it is whole: whoever is killed leaves no
 * half of one, and whoever uses the mount meanwhile sees none. What is there stays.
 */
const FILL = `${START}while read -r n path; do
  cd "$path"
  aside=.nx-stages-$1
  $b find . -maxdepth 1 -name '.nx-stages-*' -mmin +1440 -exec $b rm -rf {} +
  $b mkdir "$aside"
  $b tar -xpf /nx-stages/seed/$n.tar -C "$aside"
  for each in "$aside"/* "$aside"/.[!.]*; do
    if [ -e "$each" ] || [ -L "$each" ]; then $b cp -al "$each" . 2>/dev/null || :; fi
  done
  $b rm -rf "$aside"
done < seed/mounts
`;

/** Takes away the files that a list names; a folder of that name is somebody else's. */
const CLEAR = `${START}while read -r n path; do
  cd "$path"
  while IFS= read -r file; do
    if [ -L "$file" ] || [ ! -d "$file" ]; then $b rm -f "$file"; fi
  done < /nx-stages/seed/$n.paths
done < seed/mounts
`;

export const SCRIPTS = { list: LIST, take: TAKE, fill: FILL, clear: CLEAR } as const;
