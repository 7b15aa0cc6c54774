import { Readable } from 'node:stream';
import type { BlobSource } from '../blob/source';
import { piped } from '../blob/piped';
import { missing, readAll, verifying } from '../blob/verify';
import { type Digest, digestOf, isDigest } from '../digest';
import { OciError } from '../error';
import { type Descriptor, type Index, MEDIA_TYPES } from '../image/types';
import { parseReference } from '../reference';
import { type Credentials, readCredentials } from './credentials';
import { type Answer, type Call, type HttpOptions, RegistryHttp } from './http';

export interface RepositoryOptions extends Partial<HttpOptions> {
  /** Spoken to without TLS; loopback addresses always are. */
  insecure?: readonly string[];
  credentials?: () => Promise<Credentials | null>;
  /** Blobs larger than this are uploaded in pieces of it. */
  chunkBytes?: number;
}

const MANIFEST_TYPES = [
  MEDIA_TYPES.index,
  MEDIA_TYPES.manifest,
  MEDIA_TYPES.dockerIndex,
  MEDIA_TYPES.dockerManifest,
].join(', ');

/**
 * One repository of a registry, as a place that blobs come from and go to.
 *
 * @see OCI distribution-spec v1.1, spec.md
 */
export class Repository implements BlobSource {
  readonly remote = true;
  readonly name: string;
  readonly repository: string;
  readonly http: RegistryHttp;
  readonly chunkBytes: number;
  private readonly root: URL;

  /** @param name `localhost:5000/a/b`; a tag or digest is left aside */
  constructor(name: string, options: RepositoryOptions = {}) {
    const { registry, repository } = parseReference(name);
    const host = registry === 'docker.io' ? 'registry-1.docker.io' : registry;
    const plain = isLoopback(host) || options.insecure?.includes(registry);
    this.root = new URL(`${plain ? 'http' : 'https'}://${host}/v2/`);
    this.repository = repository;
    this.name = `${registry}/${repository}`;
    this.chunkBytes = options.chunkBytes ?? 16 << 20;
    this.http = new RegistryHttp({ credentials: () => readCredentials(registry), ...options });
  }

  async close(): Promise<void> {
    await this.http.close();
  }

  /** @param path below the repository: `blobs/sha256:...` */
  call(
    method: Call['method'],
    path: string | URL,
    rest: Omit<Call, 'method' | 'url' | 'scope'> & { mountFrom?: string },
  ): Promise<Answer> {
    const url = typeof path === 'string' ? new URL(`${this.repository}/${path}`, this.root) : path;
    const { mountFrom, ...call } = rest;
    const actions = method === 'GET' || method === 'HEAD' ? 'pull' : 'pull,push';
    const scopes = [`repository:${this.repository}:${actions}`];
    if (mountFrom) scopes.push(`repository:${mountFrom}:pull`);
    return this.http.send({ method, url, scope: scopes.join(' '), ...call });
  }

  async has(digest: Digest): Promise<boolean> {
    const answer = await this.call('HEAD', `blobs/${digest}`, { accept: [200, 404] });
    await answer.body.dump();
    return answer.status === 200;
  }

  /** A download that breaks off goes on from where it was. */
  async open(digest: Digest): Promise<Readable> {
    const first = await this.openAt(digest, 0);
    return piped(Readable.from(this.resumed(digest, first)), verifying(digest, this.name));
  }

  private async *resumed(digest: Digest, first: Answer): AsyncGenerator<Buffer> {
    let received = 0;
    let progress = 0;
    for (let answer = first; ;) {
      try {
        for await (const chunk of answer.body as AsyncIterable<Buffer>) {
          received += chunk.length;
          yield chunk;
        }
        return;
      } catch (cause) {
        if (received === progress) {
          throw new OciError('REGISTRY', {
            message: `${this.name}: ${digest} breaks off`,
            cause,
            digest,
          });
        }
        progress = received;
        answer = await this.openAt(digest, received);
      }
    }
  }

  private async openAt(digest: Digest, offset: number): Promise<Answer> {
    const headers = offset > 0 ? { range: `bytes=${offset}-` } : {};
    const answer = await this.call('GET', `blobs/${digest}`, { accept: [200, 206, 404], headers });
    if (answer.status === 404) {
      await answer.body.dump();
      throw missing(digest, this.name);
    }
    if (offset > 0 && answer.status === 200) await discardBytes(answer.body, offset);
    return answer;
  }

  /**
   * A manifest or an index, checked against its digest.
   *
   * @param reference a tag or a digest
   * @returns null where there is none
   * @throws OciError `BLOB_DAMAGED`
   */
  async getManifest(reference: string): Promise<{ descriptor: Descriptor; bytes: Buffer } | null> {
    const headers = { accept: MANIFEST_TYPES };
    const answer = await this.call('GET', `manifests/${reference}`, {
      accept: [200, 404],
      headers,
    });
    const bytes = await readAll(answer.body);
    if (answer.status === 404) return null;
    const digest = digestOf(bytes);
    const claimed = isDigest(reference)
      ? reference
      : (answer.headers['docker-content-digest'] ?? digest);
    if (claimed !== digest) {
      throw new OciError('BLOB_DAMAGED', {
        message: `${this.name}: manifest ${reference} is damaged`,
        expected: claimed,
        found: digest,
        digest,
      });
    }
    const mediaType = answer.headers['content-type']?.split(';')[0] ?? MEDIA_TYPES.manifest;
    return { descriptor: { mediaType, digest, size: bytes.length }, bytes };
  }

  /** Digest under a tag, without fetching it; null where there is none. */
  async resolve(tag: string): Promise<Digest | null> {
    const headers = { accept: MANIFEST_TYPES };
    const answer = await this.call('HEAD', `manifests/${tag}`, { accept: [200, 404], headers });
    await answer.body.dump();
    if (answer.status === 404) return null;
    const digest = answer.headers['docker-content-digest'];
    if (isDigest(digest)) return digest;
    return (await this.getManifest(tag))?.descriptor.digest ?? null;
  }

  /** @param reference a tag, or the manifest's digest */
  async putManifest(reference: string, bytes: Buffer, mediaType: string): Promise<Answer> {
    const headers = { 'content-type': mediaType };
    const answer = await this.call('PUT', `manifests/${reference}`, {
      accept: [201],
      headers,
      body: bytes,
    });
    await answer.body.dump();
    return answer;
  }

  /** The index of what refers to a manifest; null where the registry has no such interface. */
  async getReferrers(subject: Digest): Promise<Index | null> {
    const answer = await this.call('GET', `referrers/${subject}`, { accept: [200, 404] });
    const text = await answer.body.text();
    return answer.status === 200 ? (JSON.parse(text) as Index) : null;
  }
}

function isLoopback(host: string): boolean {
  return /^(localhost|127(\.\d+){3}|\[::1\])(:\d+)?$/.test(host);
}

async function discardBytes(body: Readable, count: number): Promise<void> {
  let left = count;
  while (left > 0) {
    const chunk = body.read(Math.min(left, body.readableLength || left)) as Buffer | null;
    if (chunk) left -= chunk.length;
    else if (body.readableEnded) return;
    else
      await new Promise<void>((resolve, reject) =>
        body.once('readable', resolve).once('error', reject),
      );
  }
}
