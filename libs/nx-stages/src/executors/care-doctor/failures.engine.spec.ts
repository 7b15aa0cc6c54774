import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { fakeTime } from '@excel2doc/stages/testing/fake-time';
import { type ScratchProject, scratchProject } from '../../testing/scratch-project';

// Builds that really fail, each for the reason that the doctor is to name.
let project: ScratchProject;

beforeAll(async () => {
  project = await scratchProject();
});
afterAll(() => project.remove());

const slim = (...lines: string[]) => `FROM python:3.12-slim-bookworm\n${lines.join('\n')}\n`;
const pip = (...args: string[]) =>
  slim(
    `RUN python3 -m venv /v && /v/bin/pip install --disable-pip-version-check ${args.join(' ')}`,
  );

/** The header of a program for a processor that no machine here has. @see elf(5): e_machine 22, S/390 */
const FOREIGN = `RUN python3 -c "import struct; open('/x', 'wb').write(b'\\x7fELF\\x02\\x02\\x01' + bytes(9) + struct.pack('>HHIQQQIHHHHHH', 2, 22, 1, 0, 64, 0, 0, 64, 56, 0, 0, 0, 0))" && chmod 755 /x`;

const EXTENSION = `from setuptools import Extension, setup
setup(name="native", version="1", ext_modules=[Extension("native", ["native.c"])])
`;

/** A server, and a download from it. @param trust what Python says of its certificate */
const download = (trust: string) => `import http.server, ssl, threading, urllib.request
server = http.server.HTTPServer(("localhost", 8443), http.server.SimpleHTTPRequestHandler)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain("/src/server.pem")
server.socket = context.wrap_socket(server.socket, server_side=True)
threading.Thread(target=server.serve_forever, daemon=True).start()
urllib.request.urlopen("https://localhost:8443/", context=ssl.create_default_context(${trust}))
`;

/** Key and certificate. @param clock what faketime(1) tells the one who makes it */
function selfSigned(clock = '+0'): string {
  const folder = mkdtempSync(join(tmpdir(), 'certificate-'));
  try {
    const [key, certificate] = ['key.pem', 'certificate.pem'].map((name) => join(folder, name));
    const args = ['req', '-x509', '-nodes', '-newkey', 'rsa:2048', '-subj', '/CN=localhost'];
    const names = ['-addext', 'subjectAltName=DNS:localhost'];
    execFileSync('openssl', [...args, ...names, '-keyout', key!, '-out', certificate!], {
      env: { ...process.env, LD_PRELOAD: fakeTime(), FAKETIME: clock },
      stdio: 'ignore',
    });
    return readFileSync(key!, 'utf8') + readFileSync(certificate!, 'utf8');
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const downloading = (trust: string, pem: string) => ({
  Dockerfile: slim('COPY . /src', 'RUN python3 /src/download.py'),
  'download.py': download(trust),
  'server.pem': pem,
});

test.each<[string, RegExp, Record<string, string>]>([
  ['emulation-failed', /exec format error/, { Dockerfile: slim(FOREIGN, 'RUN ["/x"]') }],
  [
    'disk-full',
    /No space left on device/i,
    {
      Dockerfile: slim(
        'RUN --mount=type=tmpfs,target=/t,size=1048576 dd if=/dev/zero of=/t/x bs=1M count=9',
      ),
    },
  ],
  ['package-not-found', /excel2doc-is-not-there/, { Dockerfile: pip('excel2doc-is-not-there==9') }],
  [
    'hash-mismatch',
    /DO NOT MATCH THE HASHES/,
    {
      Dockerfile: slim(
        'COPY r.txt /r.txt',
        'RUN python3 -m venv /v && /v/bin/pip install -r /r.txt',
      ),
      'r.txt': `iniconfig==2.1.0 --hash=sha256:${'0'.repeat(64)}\n`,
    },
  ],
  [
    'index-unreachable',
    /Connection refused/,
    { Dockerfile: pip('--retries 1', '--index-url http://127.0.0.1:9/simple', 'six') },
  ],
  [
    'compiler-missing',
    /gcc/,
    {
      Dockerfile: slim(
        'COPY . /src',
        'RUN python3 -m venv /v && /v/bin/pip install --disable-pip-version-check /src',
      ),
      'setup.py': EXTENSION,
      'native.c': '#include <Python.h>\n',
    },
  ],
  ['proxy-ca-missing', /CERTIFICATE_VERIFY_FAILED/, downloading('', selfSigned())],
  ['clock-skew', /is not yet valid/, downloading('cafile="/src/server.pem"', selfSigned('+365d'))],
])('%s', async (id, seen, files) => {
  const said = vi.spyOn(console, 'error').mockReturnValue();
  try {
    const own = Object.entries(files).map(([file, text]) => [`app/${file}`, text] as const);
    await project.write(Object.fromEntries(own));
    await expect(project.run('docker-build')).rejects.toThrow('docker-stage-0 failed');
    const text = said.mock.calls.join('\n');
    expect(text).toMatch(new RegExp(`^ {2}doctor: ${id}: `, 'm'));
    expect(text).toMatch(seen);
  } finally {
    said.mockRestore();
  }
});
