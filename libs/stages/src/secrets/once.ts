import { createHash } from 'node:crypto';
import { lstatSync, mkdirSync, rmSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

/** A line between a task and the run that it belongs to. */
type Message = { name: string } | { value: string } | { yours: true };

/** What is known of one question: its answer, or who finds it out and who waits for it. */
interface Question {
  value?: string;
  asking?: Socket;
  waiting: Socket[];
}

let isKept = false;

/**
 * Keeps answers for the tasks of this run, each a process of its own that this one started: in memory,
 * behind a socket that only its owner reaches. To be called by the process that starts them.
 */
export function keepAnswers(): void {
  if (isKept || process.platform === 'win32') return;
  isKept = true;
  const folder = folderOf(process.pid);
  try {
    mkdirSync(folder, { mode: 0o700 });
  } catch {
    // Of a run that had this number and was killed.
    if (!isOurs(folder)) return;
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { mode: 0o700 });
  }
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  const questions = new Map<string, Question>();
  const server = createServer((socket) => answer(socket, questions));
  // Without it each task asks by itself.
  server.on('error', () => undefined);
  server.listen(join(folder, 'socket'));
  server.unref();
}

function answer(socket: Socket, questions: Map<string, Question>): void {
  let question: Question | undefined;
  socket.on('error', () => undefined);
  createInterface(socket).on('line', (line) => {
    const message = JSON.parse(line) as Message;
    if ('name' in message) {
      question = questions.get(message.name) ?? { waiting: [] };
      questions.set(message.name, question);
      question.waiting.push(socket);
      next(question);
    } else if ('value' in message && question?.asking === socket) {
      question.value = message.value;
      delete question.asking;
      next(question);
    }
  });
  socket.on('close', () => {
    if (!question) return;
    question.waiting = question.waiting.filter((each) => each !== socket);
    if (question.asking !== socket) return;
    // It failed: whoever waits finds out for itself.
    delete question.asking;
    next(question);
  });
}

function next(question: Question): void {
  if (question.value !== undefined)
    for (const socket of question.waiting.splice(0)) send(socket, { value: question.value });
  if (question.asking) return;
  const [socket] = question.waiting.splice(0, 1);
  if (!socket) return;
  question.asking = socket;
  send(socket, { yours: true });
}

const asked = new Map<string, Promise<Buffer>>();

/**
 * What `ask` gives, asked once a run, however many stages and platforms want it. A failure is not kept.
 *
 * @param name of what is asked
 */
export function oncePerRun(name: string, ask: () => Promise<Buffer>): Promise<Buffer> {
  const known = asked.get(name);
  if (known) return known;
  const answer = askRun(createHash('sha256').update(name).digest('hex'), ask);
  asked.set(name, answer);
  answer.catch(() => asked.delete(name));
  return answer;
}

async function askRun(name: string, ask: () => Promise<Buffer>): Promise<Buffer> {
  const socket = await connected(folderOf(process.ppid));
  if (!socket) return ask();
  try {
    const reply = await replyTo(socket, { name });
    if (reply && 'value' in reply) return Buffer.from(reply.value, 'base64');
    const value = await ask();
    send(socket, { value: value.toString('base64') });
    return value;
  } finally {
    socket.end();
  }
}

function connected(folder: string): Promise<Socket | undefined> {
  if (!isOurs(folder)) return Promise.resolve(undefined);
  return new Promise((resolve) => {
    const socket = connect(join(folder, 'socket'));
    socket.once('connect', () => resolve(socket));
    socket.on('error', () => resolve(undefined));
  });
}

/** Undefined where the run has ended meanwhile. */
function replyTo(socket: Socket, message: Message): Promise<Message | undefined> {
  return new Promise((resolve) => {
    createInterface(socket).once('line', (line) => resolve(JSON.parse(line) as Message));
    socket.once('close', () => resolve(undefined));
    send(socket, message);
  });
}

function send(socket: Socket, message: Message): void {
  socket.write(`${JSON.stringify(message)}\n`);
}

function folderOf(pid: number): string {
  return join(tmpdir(), `nx-stages-run-${userInfo().uid}-${pid}`);
}

/** Another user may have made a folder of that name. */
function isOurs(folder: string): boolean {
  const stat = lstatSync(folder, { throwIfNoEntry: false });
  return stat?.isDirectory() === true && stat.uid === userInfo().uid && (stat.mode & 0o077) === 0;
}
