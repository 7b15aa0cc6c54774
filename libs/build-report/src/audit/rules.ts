import type { ImageConfig } from '@excel2doc/oci';

/** Every rule, and what is looked at for it. */
export const AUDIT_RULES = {
  'non-root': 'the user that the image runs as',
  'no-compiler': 'compilers and build tools in the final root',
  'no-package-cache': 'package caches in the final root',
  'no-secret': 'names and small texts of files in each own layer, variables, history',
  'size-budget': 'the size of the own layers',
  'packages-accepted': 'Python distributions against the list',
} as const;

export interface AuditFinding {
  rule: keyof typeof AUDIT_RULES;
  found: string;
}

const COMPILERS =
  /^(?:usr\/(?:local\/)?)?(?:bin|lib\/gcc\/.*|libexec\/gcc\/.*)\/(?:\w+-linux-gnu\w*-)?(gcc|g\+\+|cc|c\+\+|cc1|cc1plus|clang|clang\+\+|rustc|cargo|make|cmake|ld|go|javac|tcc)(-\d[\d.]*)?$/;
const CACHES: [what: string, path: RegExp][] = [
  ['apt lists', /^var\/lib\/apt\/lists\/(?!lock$|partial\/?$|auxfiles\/?$)./],
  ['apt archives', /^var\/cache\/apt\/(archives\/.*\.deb|(src)?pkgcache\.bin)$/],
  ['apk cache', /^(var\/cache\/apk|etc\/apk\/cache)\/./],
  ['yum or dnf cache', /^var\/cache\/(yum|dnf)\/./],
  ['pip cache', /^(root|home\/[^/]+)\/\.cache\/(pip|uv|pypoetry)\/./],
  ['npm cache', /^(root|home\/[^/]+)\/\.(npm|yarn|pnpm-store)\/./],
  ['cargo registry', /^(root\/\.cargo|usr\/local\/cargo)\/registry\/./],
];
const SECRET_FILE =
  /(^|\/)(\.env(\.(?!example|sample|template)\w+)?|\.netrc|\.pypirc|\.npmrc|\.git-credentials|id_(rsa|dsa|ecdsa|ed25519)|\.aws\/credentials|\.docker\/config\.json|\.git\/config)$/;
const SECRET_NAME =
  /^(?!.*_FILE$).*(PASS(WORD|WD)?$|SECRET|TOKEN$|API_?KEY$|PRIVATE_?KEY|CREDENTIALS?$)/i;
const SECRET_CONTENT: [what: string, pattern: RegExp][] = [
  ['a private key', /-----BEGIN (?:RSA |EC |DSA |OPENSSH |ENCRYPTED )?PRIVATE KEY-----/],
  ['an AWS key', /\b(?:AKIA|ASIA)[0-9A-Z]{16}\b/],
  ['a GitHub token', /\bgh[pousr]_[A-Za-z0-9]{36,}\b/],
  ['a GitLab token', /\bglpat-[\w-]{20,}/],
  ['a Slack token', /\bxox[abprs]-[\w-]{10,}/],
  [
    'a password in a URL',
    /\b\w+:\/\/[^\s/:@'"$<>{}]+:[^\s/:@'"$<>{}*]{6,}@(?!example|localhost|host\b)[\w.-]+/,
  ],
];

/** What a path of the image's final root says; a link or a folder is never a cache. */
export function auditPath(path: string, type: string): AuditFinding[] {
  if (type === 'directory') return [];
  const compiler = COMPILERS.exec(path);
  if (compiler) return [{ rule: 'no-compiler', found: `/${path}` }];
  const cache = CACHES.find(([, pattern]) => pattern.test(path));
  return cache ? [{ rule: 'no-package-cache', found: `${cache[0]}: /${path}` }] : [];
}

/** A file that is named as secrets are; one that a later layer deletes is still in the image. */
export function auditFileName(path: string): AuditFinding[] {
  return SECRET_FILE.test(path)
    ? [{ rule: 'no-secret', found: `/${path} looks like a secret` }]
    : [];
}

/** Packages of others: the URLs in their documentation have made-up passwords. */
const OTHERS = /\/(site-packages|dist-packages|node_modules)\//;

/** What the content of a small text file gives away. */
export function auditContent(path: string, text: string): AuditFinding[] {
  return SECRET_CONTENT.filter(
    ([what, pattern]) => pattern.test(text) && !(what.endsWith('URL') && OTHERS.test(path)),
  ).map(([what]) => ({
    rule: 'no-secret',
    found: `/${path} holds ${what}`,
  }));
}

/** User, environment, labels and history. */
export function auditConfig({ config = {}, history = [] }: ImageConfig): AuditFinding[] {
  const found: AuditFinding[] = [];
  const user = config.User ?? '';
  if (/^(root|0)?(:|$)/.test(user))
    found.push({ rule: 'non-root', found: user ? `runs as ${user}` : 'no USER: it runs as root' });
  for (const pair of config.Env ?? []) {
    const [name = '', value = ''] = pair.split(/=(.*)/s);
    if (SECRET_NAME.test(name) && value !== '')
      found.push({ rule: 'no-secret', found: `ENV ${name} has a value` });
    found.push(...auditContent(`ENV ${name}`, value));
  }
  for (const { created_by: step = '' } of history) {
    const argument = /\b(\w*(?:PASSWORD|SECRET|TOKEN|API_?KEY)\w*)=(?!\$)[^\s"']{4,}/i.exec(step);
    if (argument)
      found.push({
        rule: 'no-secret',
        found: `history: ${argument[1]} has a value in \`${step.slice(0, 40)}…\``,
      });
    found.push(...auditContent('(history)', step));
  }
  return found;
}

/** The Python distribution that a path belongs to: `…/site-packages/NAME-VERSION.dist-info/METADATA`. */
export function distributionOf(path: string): { name: string; version: string } | undefined {
  const match =
    /\/(?:site|dist)-packages\/([^/]+?)-([^/-]+)\.(?:dist-info\/METADATA|egg-info(?:\/PKG-INFO)?)$/.exec(
      path,
    );
  return match ? { name: normaliseName(match[1] ?? ''), version: match[2] ?? '' } : undefined;
}

/** As the index compares names (PEP 503). */
export function normaliseName(name: string): string {
  return name.replace(/[-_.]+/g, '-').toLowerCase();
}

/** The names in a requirements file, or in a list with one a line. */
export function requiredNames(text: string): string[] {
  return text.split('\n').flatMap((line) => {
    const name = /^([A-Za-z0-9][\w.-]*)/.exec(line)?.[1];
    return name ? [normaliseName(name)] : [];
  });
}
