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

/**
 * What the index says of each package, or undefined when it does not answer: the list is then still
 * worth something.
 */
export async function askIndex(
  index: string,
  packages: Package[],
  timeoutMs: number,
): Promise<Map<string, IndexAnswer> | undefined> {
  const answers = new Map<string, IndexAnswer>();
  const get = async (path: string) => {
    const response = await fetch(`${index}/pypi/${path}/json`, {
      signal: AbortSignal.timeout(timeoutMs),
    });
    if (response.status === 404) return undefined;
    if (!response.ok) throw new Error(`HTTP ${response.status}`);
    return parseIndexAnswer(await response.json());
  };
  const queue = [...packages];
  const worker = async () => {
    for (let next = queue.shift(); next; next = queue.shift()) {
      const name = encodeURIComponent(next.name);
      const [own, newest] = await Promise.all([get(`${name}/${next.version}`), get(name)]);
      if (own) answers.set(next.name, { ...own, latest: newest?.latest ?? own.latest });
    }
  };
  try {
    await Promise.all(Array.from({ length: 8 }, worker));
  } catch {
    return undefined;
  }
  return answers;
}
