import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { EngineError } from '@excel2doc/engine';
import { formatAptSource } from './apt-sources';
import { tried } from '../shell';
import type { PackagePlan } from './packages';

/**
 * An apt of our own in `folder`: it reads the plan's sources only and keeps its lists and archives there, so
 * nothing of the host's package state is read but its configuration (proxies, keys), and nothing is
 * changed.
 */
export async function privateApt(
  folder: string,
  plan: Pick<PackagePlan, 'sources' | 'preferences'>,
): Promise<string[]> {
  await mkdir(join(folder, 'lists', 'partial'), { recursive: true });
  await mkdir(join(folder, 'archives', 'partial'), { recursive: true });
  const lines = plan.sources.map(formatAptSource);
  await writeFile(join(folder, 'sources.list'), [...new Set(lines), ''].join('\n'));
  await writeFile(join(folder, 'preferences'), plan.preferences);
  const settings = {
    'Dir::Etc::sourcelist': join(folder, 'sources.list'),
    'Dir::Etc::sourceparts': '/dev/null',
    'Dir::Etc::preferences': join(folder, 'preferences'),
    'Dir::Etc::preferencesparts': '/dev/null',
    'Dir::State::lists': join(folder, 'lists'),
    'Dir::Cache': folder,
    'Dir::Cache::archives': join(folder, 'archives'),
    'Acquire::Languages': 'none',
    'Acquire::IndexTargets::deb::DEP-11::DefaultEnabled': 'false',
    'Acquire::Retries': '3',
    // The user _apt may not look into a cache folder below a home.
    'APT::Sandbox::User': process.getuid?.() === 0 ? 'root' : '',
  };
  return Object.entries(settings).flatMap(([key, value]) =>
    value ? ['-o', `${key}=${value}`] : [],
  );
}

/**
 * Downloads the plan's packages into `folder`/debs, checked by apt against the archive's signatures; what an
 * earlier, broken run left there whole is kept.
 *
 * @throws EngineError `NO_MIRROR` with apt's own reason, `DISK_FULL`
 */
export async function downloadPackages(
  folder: string,
  plan: PackagePlan,
  log: (line: string) => void,
): Promise<string[]> {
  const options = await privateApt(folder, plan);
  const debs = join(folder, 'debs');
  await mkdir(debs, { recursive: true });
  const inDebs = tried({
    cwd: debs,
    env: { ...process.env, LC_ALL: 'C', DEBIAN_FRONTEND: 'noninteractive' },
  });

  log('Reading the package lists of the Debian mirror');
  const update = await inDebs`apt-get ${options} update`;
  log(`Downloading ${plan.packages.length} packages`);
  const download = await inDebs`apt-get ${options} download ${plan.packages}`;
  if (download.exitCode !== 0) throw aptError(`${update.stdall}\n${download.stdall}`);
  return (await readdir(debs))
    .filter((name) => name.endsWith('.deb'))
    .map((name) => join(debs, name));
}

/** Names the cause of a failed apt run from what it said. */
export function aptError(output: string): EngineError {
  const reasons = output.split('\n').filter((line) => /^(E|Err|W):/.test(line));
  const reason =
    reasons.find((line) => line.startsWith('E:')) ?? reasons[0] ?? 'apt gave no reason';
  if (/No space left on device|don't have enough free space/i.test(output)) {
    return new EngineError('DISK_FULL', {
      message: 'The disk is full: the packages could not be downloaded',
      hint: 'Free some space and run it again: it goes on where it stopped',
      stderr: output,
    });
  }
  const unreachable =
    /Could not resolve|Temporary failure resolving|Could not connect|Connection (refused|timed out|failed)|Network is unreachable|403 +Forbidden|407 +Proxy/i.exec(
      output,
    );
  return new EngineError('NO_MIRROR', {
    message: unreachable
      ? `No Debian mirror answers (${unreachable[0]})`
      : `apt could not get the packages: ${reason.replace(/^E: */, '')}`,
    hint: "Check the network and apt's sources (`apt-get update` must work), then run it again",
    stderr: output,
  });
}
