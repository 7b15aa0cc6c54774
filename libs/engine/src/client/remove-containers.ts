/**
 * Stops and removes every container that has a label, and no other one: of a name, another program may
 * have made it. A container that was being made when its client was ended appears a little later.
 */
const REMOVE = `
remove() {
  ids=$("$client" ps --all --quiet --filter "label=$label")
  [ -z "$ids" ] || { "$client" stop --time="$grace" $ids; $after $ids; }
}
client=$1 label=$2 grace=$3 after=:
[ "$4" = keep ] || after="$client rm --force --volumes"
remove
sleep 1
remove
`;

/** The command that does so, for `runAfterwards`. */
export function removeContainers(
  client: string,
  label: string,
  { graceS, keep = false }: { graceS: number; keep?: boolean },
): [string, ...string[]] {
  return ['sh', '-c', REMOVE, 'sh', client, label, String(graceS), keep ? 'keep' : 'remove'];
}
