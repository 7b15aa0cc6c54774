import { copyFile, mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream';
import { createServer } from 'node:tls';

/** An engine's socket behind TLS with certificates on both sides, as docker:dind offers it. */
export interface TlsEndpoint {
  /** On the loopback. */
  port: number;
  /** ca.pem, cert.pem and key.pem of a client, as DOCKER_CERT_PATH wants them. */
  clientFolder: string;
  close(): Promise<void>;
}

/** @param host the name that the server's certificate is for */
export async function tlsEndpoint(socket: string, host: string): Promise<TlsEndpoint> {
  const folder = await mkdtemp(join(tmpdir(), 'tls-endpoint-'));
  const clientFolder = join(folder, 'client');
  await mkdir(clientFolder);
  await makeAuthority(folder);
  await makeCertificate(folder, 'server', `subjectAltName=DNS:${host}`);
  await makeCertificate(folder, 'client', 'extendedKeyUsage=clientAuth');
  await copyFile(join(folder, 'ca.pem'), join(clientFolder, 'ca.pem'));
  await rename(join(folder, 'client.pem'), join(clientFolder, 'cert.pem'));
  await rename(join(folder, 'client-key.pem'), join(clientFolder, 'key.pem'));

  const [ca, cert, key] = await Promise.all(
    ['ca.pem', 'server.pem', 'server-key.pem'].map((name) => readFile(join(folder, name))),
  );
  const settings = { ca: ca!, cert: cert!, key: key!, requestCert: true, allowHalfOpen: true };
  const server = createServer(settings, (client) => {
    const engine = connect({ path: socket, allowHalfOpen: true });
    const ignore = () => undefined;
    pipeline(client, engine, ignore);
    pipeline(engine, client, ignore);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    port,
    clientFolder,
    async close() {
      await new Promise((resolve) => server.close(resolve));
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function makeAuthority(folder: string): Promise<void> {
  const subject = ['-subj', '/CN=e2e authority', '-days', '1'];
  await openssl(folder, 'req', '-x509', ...newKey('ca-key.pem'), ...subject, '-out', 'ca.pem');
}

/** `NAME.pem` and `NAME-key.pem`, signed by the authority. */
async function makeCertificate(folder: string, name: string, extension: string): Promise<void> {
  await writeFile(join(folder, 'extensions'), extension);
  const subject = ['-subj', `/CN=${name}`];
  await openssl(folder, 'req', ...newKey(`${name}-key.pem`), ...subject, '-out', 'request.pem');
  const authority = ['-CA', 'ca.pem', '-CAkey', 'ca-key.pem', '-CAcreateserial'];
  const signed = ['-extfile', 'extensions', '-days', '1', '-out', `${name}.pem`];
  await openssl(folder, 'x509', '-req', '-in', 'request.pem', ...authority, ...signed);
}

function newKey(file: string): string[] {
  return ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', file];
}

async function openssl(folder: string, ...args: string[]): Promise<void> {
  const { execa } = await import('execa');
  await execa('openssl', args, { cwd: folder });
}
