import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';

const applets = [
  'sh',
  'cat',
  'find',
  'grep',
  'mkdir',
  'rm',
  'sed',
  'sha256sum',
  'sort',
  'stat',
  'xargs',
];
const tools = ['pip', 'uv', 'poetry', 'npm', 'python', 'python3', 'apt-get', 'groupadd', 'useradd'];

/**
 * The tools of a Python image, reduced to what they read. pip writes what its requirements files
 * mean, word by word; any other tool writes the digest of all that it finds below its folder, so
 * that a RUN's result changes with everything that it could have read.
 */
const tool = `#!/bin/sh
set -e
name=\${0##*/}
case "$name" in apt-get|groupadd|useradd) exit 0 ;; esac
case "$name $1 $2" in python*"-m venv") mkdir -p "$3"; exit 0 ;; esac
case "$name $1 $2" in python*"-m compileall") [ "$3" = . ] || exit 0 ;; esac
out=\${OUT:-/opt/venv}
mkdir -p "$out"
result="$out/installed"
if [ "$name" != pip ]; then
  seen=$(find . -type f ! -name installed | sort | xargs -r sha256sum; find . ! -name installed ! -path "./\${out##*/}*" | sort | xargs -r stat -c '%n %a')
  echo "$seen" >> "$result"
  exit 0
fi
while [ $# -gt 0 ]; do
  case "$1" in
    -w) out=$2; mkdir -p "$out"; result="$out/installed"; shift ;;
    -r|-c) list=$2; shift
      for file in $list $(sed -n "s,^-r *,\${list%/*}/,p" "$list"); do
        sed -e 's/#.*//' -e 's/[ \t]*$//' -e '/^$/d' "$file" | sort >> "$result"
      done ;;
    /*) sha256sum "$1" >> "$result" ;;
  esac
  shift
done
`;

/** A folder that stands in for every base image of the fixtures: busybox and the reduced tools. */
export function standInBase(): string {
  const kept = join(homedir(), '.cache/excel2doc/fuzz-base-3');
  if (existsSync(kept)) return kept;
  const work = mkdtempSync(join(tmpdir(), 'fuzz-base-'));
  try {
    // Lists of its own: the machine's may be missing, and are not ours to change.
    mkdirSync(join(work, 'lists/partial'), { recursive: true });
    const options = ['-o', `Dir::State::Lists=${join(work, 'lists')}`, '-q'];
    execFileSync('apt-get', [...options, 'update'], { cwd: work, stdio: 'ignore' });
    execFileSync('apt-get', [...options, 'download', 'busybox-static'], {
      cwd: work,
      stdio: 'ignore',
    });
    const [deb] = readdirSync(work).filter((name) => name.endsWith('.deb'));
    execFileSync('dpkg', ['-x', deb!, 'unpacked'], { cwd: work });
    const bin = join(work, 'base/bin');
    mkdirSync(bin, { recursive: true });
    cpSync(join(work, 'unpacked/bin/busybox'), join(bin, 'busybox'));
    applets.forEach((name) => symlinkSync('busybox', join(bin, name)));
    writeFileSync(join(bin, 'tool'), tool);
    chmodSync(join(bin, 'tool'), 0o755);
    tools.forEach((name) => symlinkSync('tool', join(bin, name)));
    mkdirSync(join(work, 'base/tmp'));
    mkdirSync(join(homedir(), '.cache/excel2doc'), { recursive: true });
    cpSync(join(work, 'base'), `${work}.done`, { recursive: true, verbatimSymlinks: true });
    if (!existsSync(kept)) renameTo(`${work}.done`, kept);
    return kept;
  } finally {
    rmSync(work, { recursive: true, force: true });
    rmSync(`${work}.done`, { recursive: true, force: true });
  }
}

function renameTo(from: string, to: string): void {
  try {
    renameSync(from, to);
  } catch {
    cpSync(from, to, { recursive: true, verbatimSymlinks: true });
  }
}
