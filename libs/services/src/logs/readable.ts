/** Levels as loggers name them, the least important first. */
const LEVELS = ['trace', 'debug', 'info', 'warning', 'error', 'critical'] as const;
export type Level = (typeof LEVELS)[number];

const ALIASES: Record<string, Level> = {
  warn: 'warning',
  fatal: 'critical',
  notice: 'info',
  log: 'info',
  panic: 'critical',
};

export function levelOf(text: unknown): Level | undefined {
  // pino and bunyan write 10 to 60.
  if (typeof text === 'number') return LEVELS[Math.min(5, Math.max(0, Math.floor(text / 10) - 1))];
  if (typeof text !== 'string') return undefined;
  const name = text.toLowerCase();
  return LEVELS.find((level) => level === name) ?? ALIASES[name];
}

export interface LogLine {
  /** `backend-1`, from Compose's prefix. */
  source: string;
  /** Undefined where the line does not say. */
  level: Level | undefined;
  text: string;
}

/**
 * A line of `compose logs`: a JSON record of structlog, python-json-logger, pino or zap becomes
 * `time level logger: message key=value`; any other line stays as it is.
 */
export function readableLine(line: string): LogLine {
  const [, source = '', body = line] = /^(\S+)\s+\| ?(.*)$/.exec(line) ?? [];
  const record = parseRecord(body);
  if (!record) return { source, level: plainLevel(body), text: body };
  const {
    level,
    severity,
    levelname,
    lvl,
    event,
    message,
    msg,
    timestamp,
    time,
    ts,
    logger,
    name,
    ...rest
  } = record;
  const found = levelOf(level ?? severity ?? levelname ?? lvl);
  const { exception, stack, ...fields } = rest;
  const where = logger ?? name;
  const text = [
    clock(timestamp ?? time ?? ts),
    found?.padEnd(8),
    where === undefined ? undefined : `${String(where)}:`,
    String(event ?? message ?? msg ?? ''),
    ...Object.entries(fields).map(([key, value]) => `${key}=${shown(value)}`),
  ];
  const trace = [exception, stack].filter((each) => typeof each === 'string');
  return { source, level: found, text: [text.filter(Boolean).join(' '), ...trace].join('\n') };
}

/** Whether a line is at least as important as `least`; one that does not say counts as info. */
export function isAtLeast(line: LogLine, least: Level): boolean {
  return LEVELS.indexOf(line.level ?? 'info') >= LEVELS.indexOf(least);
}

/**
 * Whether it is the answer to a health check: such come every few seconds and bury what matters. One
 * that is a warning or worse is none.
 */
export function isHealthCheck(line: LogLine): boolean {
  return !isAtLeast(line, 'warning') && HEALTH.test(line.text) && !/\b[45]\d\d\b/.test(line.text);
}

/** The paths that such are asked at, in an access log's line or as a record's path. */
const HEALTH =
  /(?:\b(?:GET|HEAD) |path="?|url="?)(?:https?:\/\/[^/\s]+)?\/(?:[\w-]+\/)*(?:health(?:z|check)?|livez?|liveness|ready|readyz|readiness)(?:\/[\w-]+)?(?=[\s"?]|$)/;

function parseRecord(body: string): Record<string, unknown> | undefined {
  if (!body.startsWith('{')) return undefined;
  try {
    const value: unknown = JSON.parse(body);
    return typeof value === 'object' && value !== null
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}

/** PostgreSQL (`LOG:`, `FATAL:`), Redis (`# ` is its warning) and plain `ERROR` lines. */
function plainLevel(body: string): Level | undefined {
  const word = /\b(DEBUG|INFO|LOG|NOTICE|WARNING|WARN|ERROR|FATAL|PANIC|CRITICAL)\b:?/.exec(
    body,
  )?.[1];
  if (word) return levelOf(word);
  return /^\d+:[A-Z] .* # /.test(body) ? 'warning' : undefined;
}

function clock(value: unknown): string | undefined {
  const time =
    typeof value === 'number'
      ? new Date(value < 1e11 ? value * 1000 : value)
      : new Date(String(value));
  return value === undefined || Number.isNaN(time.getTime())
    ? undefined
    : time.toISOString().slice(11, 23);
}

function shown(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return /\s/.test(text) && typeof value === 'string' ? JSON.stringify(text) : text;
}
