export { CacheError, type CacheErrorCode } from './error';
export { configSchema, type Config } from './config/config';
export { loadConfig, parseConfig } from './config/load-config';
export { startServer, type RunningServer } from './start-server';
export { newToken } from './access/static-tokens';
