import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { BlobServiceClient } from '@azure/storage-blob';
import { Storage } from '@google-cloud/storage';
import { onTestFinished } from 'vitest';
import { findAzureServer } from '../tools/azure-server.mjs';
import { findGcsServer } from '../tools/gcs-server.mjs';
import { freePort, s3Server } from './s3-server';
import { temporaryFolder } from './temporary-folder';
import type { RawConfig } from './test-server';

export interface Emulator {
  /** What a server's configuration says of it. */
  store: Extract<NonNullable<RawConfig['store']>, { kind: 's3' | 'gcs' | 'azure' }>;
  /** All that it keeps, as files. */
  folder: string;
  /** Writes over the content of an object, whose metadata stay. */
  change(name: string, change: (bytes: Buffer) => Buffer): Promise<void>;
  stop(): Promise<void>;
}

const container = 'cache';

/** Each provider's own API, spoken by a server in a process of its own; null where it is missing. */
export const emulators = {
  s3: s3Emulator,
  gcs: findGcsServer({ install: false }) && gcsEmulator,
  azure: findAzureServer({ install: false }) && azureEmulator,
};

async function s3Emulator(): Promise<Emulator> {
  const { endpoint, folder, stop, client } = await s3Server();
  const { GetObjectCommand, PutObjectCommand } = await import('@aws-sdk/client-s3');
  return {
    store: { kind: 's3', bucket: container, endpoint, forcePathStyle: true },
    folder,
    stop,
    change: async (name, change) => {
      const at = { Bucket: container, Key: name };
      const { Body, Metadata } = await client.send(new GetObjectCommand(at));
      const bytes = Buffer.from(await Body!.transformToByteArray());
      await client.send(new PutObjectCommand({ ...at, Body: change(bytes), Metadata }));
    },
  };
}

async function gcsEmulator(): Promise<Emulator> {
  const folder = await temporaryFolder();
  const port = await freePort();
  const endpoint = `http://127.0.0.1:${port}`;
  const flags = `-scheme http -host 127.0.0.1 -port ${port} -log-level error -backend filesystem`;
  const args = [...flags.split(' '), '-external-url', endpoint, '-filesystem-root', folder];
  const stop = await running(findGcsServer({ install: false })!, args, `${endpoint}/storage/v1/b`);
  const storage = new Storage({ apiEndpoint: endpoint, projectId: 'test' });
  await storage.createBucket(container);
  return {
    store: { kind: 'gcs', bucket: container, endpoint },
    folder,
    stop,
    change: async (name, change) => {
      const file = storage.bucket(container).file(name);
      const [{ metadata }] = await file.getMetadata();
      const [bytes] = await file.download();
      await file.save(change(bytes), { resumable: false, metadata: { metadata } });
    },
  };
}

async function azureEmulator(): Promise<Emulator> {
  const folder = join(await temporaryFolder(), 'azurite');
  await mkdir(folder);
  const port = await freePort();
  const account = 'testaccount';
  const key = randomBytes(64).toString('base64');
  process.env.AZURITE_ACCOUNTS = `${account}:${key}`;
  const flags = `--blobHost 127.0.0.1 --blobPort ${port} --silent --skipApiVersionCheck`;
  const args = [findAzureServer({ install: false })!, ...flags.split(' '), '--location', folder];
  const endpoint = `http://127.0.0.1:${port}/${account}`;
  const stop = await running(process.execPath, args, endpoint);
  const connection = `DefaultEndpointsProtocol=http;AccountName=${account};AccountKey=${key};BlobEndpoint=${endpoint};`;
  process.env.AZURE_STORAGE_CONNECTION_STRING = connection;
  const client = BlobServiceClient.fromConnectionString(connection).getContainerClient(container);
  await client.create();
  return {
    store: { kind: 'azure', container },
    folder,
    stop,
    change: async (name, change) => {
      const blob = client.getBlockBlobClient(name);
      const { metadata = {} } = await blob.getProperties();
      const bytes = change(await blob.downloadToBuffer());
      await blob.upload(bytes, bytes.length, { metadata });
    },
  };
}

/** Starts a server that answers at `url`, and gives back by what it ends. */
async function running(file: string, args: string[], url: string): Promise<() => Promise<void>> {
  const child: ChildProcess = spawn(file, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  let errors = '';
  child.stderr!.on('data', (data: Buffer) => (errors += data.toString()));
  const ended = once(child, 'close');
  const stop = async () => {
    child.kill('SIGKILL');
    await ended;
  };
  onTestFinished(stop);
  while (child.exitCode === null) {
    const isUp = await fetch(url).then(
      () => true,
      () => false,
    );
    if (isUp) return stop;
    await sleep(50);
  }
  throw new Error(`${file} ended with ${child.exitCode}: ${errors}`);
}
