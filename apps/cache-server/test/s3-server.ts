import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import { connect, createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { onTestFinished } from 'vitest';
import { findS3Server } from '../tools/s3-server.mjs';
import { temporaryFolder } from './temporary-folder';

const credentials = { accessKeyId: 'test', secretAccessKey: 'not-a-secret' };

export const s3ServerFile = findS3Server({ install: false });

export interface S3Server {
  endpoint: string;
  bucket: string;
  client: S3Client;
  /** Its objects as files. */
  folder: string;
  stop(): Promise<void>;
}

/** A real S3 server with an empty bucket; our store finds its credentials in the environment. */
export async function s3Server(): Promise<S3Server> {
  const root = await temporaryFolder();
  const folder = join(root, 'objects');
  await mkdir(folder);
  const port = await freePort();
  const child = spawn(s3ServerFile!, ['--port', `127.0.0.1:${port}`, 'posix', folder], {
    env: { ROOT_ACCESS_KEY: credentials.accessKeyId, ROOT_SECRET_KEY: credentials.secretAccessKey },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const ended = once(child, 'close');
  const stop = async () => {
    child.kill('SIGKILL');
    await ended;
  };
  onTestFinished(stop);
  child.stdout.resume();
  await listening(port);

  process.env.AWS_ACCESS_KEY_ID = credentials.accessKeyId;
  process.env.AWS_SECRET_ACCESS_KEY = credentials.secretAccessKey;
  const endpoint = `http://127.0.0.1:${port}`;
  const client = new S3Client({ endpoint, region: 'us-east-1', forcePathStyle: true, credentials });
  onTestFinished(() => client.destroy());
  const bucket = 'cache';
  await client.send(new CreateBucketCommand({ Bucket: bucket }));
  return { endpoint, bucket, client, folder: join(folder, bucket), stop };
}

/** What it prints comes before it listens. */
async function listening(port: number): Promise<void> {
  const until = Date.now() + 30_000;
  for (;;) {
    const socket = connect(port, '127.0.0.1');
    try {
      await once(socket, 'connect');
      return;
    } catch (error) {
      if (Date.now() > until) throw error;
      await sleep(50);
    } finally {
      socket.destroy();
    }
  }
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}
