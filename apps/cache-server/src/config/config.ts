import { z } from 'zod';

const megabyte = 1024 * 1024;
const gigabyte = 1024 * megabyte;

const bytes = z.number().int().positive();
const milliseconds = z.number().int().positive();
const port = z.number().int().min(0).max(65_535);
const access = z.enum(['read', 'write']).default('write');

const scope = z.strictObject({
  trusted: z.boolean().default(false),
  parents: z.array(z.string()).default([]),
  /** Of each scope of a family by itself; an untrusted scope has a fifth of the whole by default. */
  keep: z
    .strictObject({
      maxBytes: bytes.optional(),
      maxEntries: z.number().int().positive().optional(),
      maxIdleDays: z.number().positive().optional(),
    })
    .prefault({}),
});

const token = z.strictObject({
  name: z.string().min(1),
  sha256: z.string().regex(/^[0-9a-f]{64}$/, 'the SHA-256 of a token, 64 hex digits'),
  scope: z.string(),
  access,
  // A number would be milliseconds since 1970, which nobody means.
  expiresAt: z.union([z.string(), z.date()]).pipe(z.coerce.date<string | Date>()).optional(),
});

const pattern = z.string().refine(isPattern, 'not a regular expression');
const issuer = z.strictObject({
  issuer: z.url(),
  audience: z.string().min(1),
  jwksUri: z.url().optional(),
  rules: z.array(
    z.strictObject({
      claims: z.record(z.string(), pattern),
      scope: z.string(),
      reads: z.array(z.string()).optional(),
      access,
    }),
  ),
});

const disk = z.strictObject({
  kind: z.literal('disk'),
  directory: z.string().min(1),
});

const s3 = z.strictObject({
  kind: z.literal('s3'),
  bucket: z.string().min(1),
  prefix: z.string().default('nx-cache/'),
  endpoint: z.url().optional(),
  region: z.string().default('us-east-1'),
  forcePathStyle: z.boolean().default(false),
});

const gcs = z.strictObject({
  kind: z.literal('gcs'),
  bucket: z.string().min(1),
  prefix: z.string().default('nx-cache/'),
  endpoint: z.url().optional(),
});

const azure = z.strictObject({
  kind: z.literal('azure'),
  container: z.string().min(1),
  prefix: z.string().default('nx-cache/'),
});

const server = z.strictObject({
  kind: z.literal('server'),
  url: z.url(),
  /** A token of the other server for each scope of ours that it may know. */
  tokens: z.record(z.string(), z.string().min(1)),
  timeoutMs: milliseconds.default(30_000),
});

const encryption = z.strictObject({
  /** The first one encrypts what comes, all of them decrypt. Each a file, or its text. */
  keys: z
    .array(z.strictObject({ file: z.string().optional(), text: z.string().optional() }))
    .default([]),
  /** Ids of keys that are gone for good: what they encrypted is removed. */
  retired: z
    .array(z.string().regex(/^[0-9a-f]{16}$/, 'the id of a key, 16 hex digits'))
    .default([]),
});

const store = z.discriminatedUnion('kind', [
  disk,
  s3,
  gcs,
  azure,
  z.strictObject({
    kind: z.literal('tiers'),
    front: disk,
    back: z.discriminatedUnion('kind', [s3, gcs, azure, server]),
  }),
]);

export const configSchema = z.strictObject({
  listen: z
    .strictObject({
      host: z.string().default('127.0.0.1'),
      port: port.default(8321),
    })
    .prefault({}),
  scopes: z.record(z.string(), scope),
  tokens: z.array(token).default([]),
  oidc: z.array(issuer).default([]),
  store: store.default({ kind: 'disk', directory: './cache-data' }),
  /** With keys, nothing lies in the clear. Read at the start only. */
  encryption: encryption.prefault({}),
  /** Where uploads arrive, and the journal lies; the disk store's own folder when there is one. */
  stateDirectory: z.string().optional(),
  keep: z
    .strictObject({
      maxBytes: bytes.default(50 * gigabyte),
      maxEntries: z.number().int().positive().default(500_000),
      maxIdleDays: z.number().positive().default(30),
      checkEveryMs: milliseconds.default(60_000),
    })
    .prefault({}),
  limits: z
    .strictObject({
      maxBytes: bytes.default(2 * gigabyte),
      maxUnpackedBytes: bytes.default(8 * gigabyte),
      maxEntries: z.number().int().positive().default(200_000),
      maxRatio: z.number().positive().default(250),
      /** Who brings, or takes, less than 64 KiB in this time is cut off. */
      stallMs: milliseconds.default(30_000),
    })
    .prefault({}),
  /** Nothing is stored while this is true; the file is read again when it changes. */
  readOnly: z.boolean().default(false),
  metrics: z
    .strictObject({
      /** A port of its own, for the monitor alone; without it, /metrics takes any token. */
      listen: z.strictObject({ host: z.string().default('127.0.0.1'), port }).optional(),
    })
    .prefault({}),
  stopWithinMs: milliseconds.default(30_000),
  log: z.enum(['silent', 'error', 'warn', 'info', 'debug']).default('info'),
});

export type Config = z.output<typeof configSchema>;
export type StoreConfig = Config['store'];
export type DiskConfig = z.output<typeof disk>;
export type S3Config = z.output<typeof s3>;
export type GcsConfig = z.output<typeof gcs>;
export type AzureConfig = z.output<typeof azure>;
export type BucketConfig = S3Config | GcsConfig | AzureConfig;
export type ServerStoreConfig = z.output<typeof server>;

function isPattern(text: string): boolean {
  try {
    return new RegExp(`^(?:${text})$`, 'u') instanceof RegExp;
  } catch {
    return false;
  }
}
