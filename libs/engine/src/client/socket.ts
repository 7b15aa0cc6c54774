import { type IncomingMessage, request } from 'node:http';
import type { Readable } from 'node:stream';
import { EngineError } from './error';
import { failureOf } from './failure';

/** A request to an engine's HTTP API. */
export interface Call {
  socketPath: string;
  method: 'GET' | 'POST';
  path: string;
  body?: Readable;
  /** Statuses that are answers; default 200. */
  accept?: number[];
}

/**
 * The answer as JSON; a list, where it is a stream of documents.
 *
 * @throws EngineError `DAEMON_GONE`, and what `failureOf` names
 * @see Docker Engine API v1.44
 */
export async function call<T>({
  socketPath,
  method,
  path,
  body,
  accept = [200],
}: Call): Promise<T> {
  const headers = body ? { 'content-type': 'application/x-tar' } : {};
  const sent = request({ socketPath, method, path, headers });
  const answered = new Promise<IncomingMessage>((resolve, reject) => {
    sent.once('response', resolve);
    // Stays for what comes after the answer: an engine that refuses an archive does not read it all.
    sent.on('error', reject);
  });
  if (body) body.once('error', (error) => sent.destroy(error)).pipe(sent);
  else sent.end();
  const response = await answered.catch((cause: Error) => {
    // What broke the archive off has a code of its own, and is the caller's.
    throw 'syscall' in cause || cause.message === 'socket hang up' ? gone(cause) : cause;
  });
  let text = '';
  for await (const chunk of response.setEncoding('utf8')) text += chunk;
  if (!accept.includes(response.statusCode ?? 0)) {
    const { message = text } = parse<{ message?: string }>(text, {});
    throw failureOf(`${method} ${path}`, { exitCode: 1, stderr: message });
  }
  return documents(text, body !== undefined) as T;
}

/** Docker streams progress as one JSON document a line. */
function documents(text: string, isStream: boolean): unknown {
  if (!isStream) return text === '' ? undefined : JSON.parse(text);
  return text.split('\n').flatMap((line) => (line.trim() === '' ? [] : [parse(line, {})]));
}

function parse<T>(text: string, otherwise: T): T {
  try {
    return JSON.parse(text) as T;
  } catch {
    return otherwise;
  }
}

function gone(cause: Error): EngineError {
  return new EngineError('DAEMON_GONE', {
    message: 'The container engine stopped answering',
    hint: 'Start it again, then run this again',
    cause,
  });
}
