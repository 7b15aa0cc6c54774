export interface Package {
  name: string;
  version: string;
}

export interface Vulnerability {
  id: string;
  fixedIn: string[];
}

/** What the package index says of one version. */
export interface IndexAnswer {
  latest: string;
  yanked: boolean;
  vulnerabilities: Vulnerability[];
}

/** `pip list --format=json`. */
export function parsePackages(stdout: string): Package[] {
  // pip may say something about itself before it.
  const text = stdout.slice(Math.max(0, stdout.indexOf('[')));
  return JSON.parse(text || '[]') as Package[];
}

/** The JSON API of PyPI: /pypi/<name>/<version>/json */
export function parseIndexAnswer(body: unknown): IndexAnswer {
  const { info, vulnerabilities } = body as {
    info?: { version?: string; yanked?: boolean };
    vulnerabilities?: { id: string; fixed_in?: string[]; withdrawn?: string | null }[];
  };
  return {
    latest: info?.version ?? '',
    yanked: info?.yanked ?? false,
    vulnerabilities: (vulnerabilities ?? [])
      .filter(({ withdrawn }) => !withdrawn)
      .map(({ id, fixed_in }) => ({ id, fixedIn: fixed_in ?? [] })),
  };
}

/** Why nothing is known of a package. */
export interface Unknown {
  unknown: string;
}

/**
 * What the index says of each package, or why it says nothing: one that is missing there does not
 * take the answers about the others away.
 */
export async function askIndex(
  index: string,
  packages: Package[],
  timeoutMs: number,
): Promise<Map<string, IndexAnswer | Unknown>> {
  const get = async (path: string) => {
    const response = await fetch(`${index}/pypi/${path}/json`, {
      signal: AbortSignal.timeout(timeoutMs),
    });
    if (response.status === 404) return undefined;
    if (!response.ok) throw new Error(`${index} answers ${response.status}`);
    const body: unknown = await response.json().catch(() => {
      throw new Error(`${index} does not answer as PyPI's JSON API does`);
    });
    return parseIndexAnswer(body);
  };
  const about = async ({ name, version }: Package): Promise<IndexAnswer | Unknown> => {
    const path = encodeURIComponent(name);
    try {
      const [own, newest] = await Promise.all([get(`${path}/${version}`), get(path)]);
      if (own) return { ...own, latest: newest?.latest ?? own.latest };
      return { unknown: newest ? `${index} has no version ${version}` : `${index} has none` };
    } catch (error) {
      return { unknown: whyNot(error as Error, index, timeoutMs) };
    }
  };
  const answers = new Map<string, IndexAnswer | Unknown>();
  const queue = [...packages];
  const worker = async () => {
    for (let next = queue.shift(); next; next = queue.shift())
      answers.set(next.name, await about(next));
  };
  await Promise.all(Array.from({ length: 8 }, worker));
  return answers;
}

function whyNot(error: Error, index: string, timeoutMs: number): string {
  if (error.name === 'TimeoutError') return `${index} does not answer within ${timeoutMs / 1000} s`;
  const cause = error.cause as { code?: string; message?: string } | undefined;
  if (cause) return `${index} cannot be reached (${cause.code ?? cause.message ?? ''})`;
  return error.message;
}

/** `12 packages: https://… cannot be reached (ENOTFOUND)`; which ones, where they are few. */
export function unknownLines(answers: ReadonlyMap<string, IndexAnswer | Unknown>): string[] {
  const byReason = new Map<string, string[]>();
  for (const [name, answer] of answers)
    if ('unknown' in answer)
      byReason.set(answer.unknown, [...(byReason.get(answer.unknown) ?? []), name]);
  return [...byReason].map(([reason, names]) => {
    const which = names.length > 5 ? `${names.length} packages` : names.sort().join(', ');
    return `? ${which}: ${reason}`;
  });
}
