/** What went wrong in the plugin itself; the libraries below have error classes of their own. */
export type FaultCode =
  | 'PLAN_MISSING'
  | 'STAGE_REFUSED'
  | 'OUTPUT_MISSING'
  | 'NO_RUN_KEPT'
  | 'REPOSITORY_MISSING'
  | 'NAME_INVALID'
  | 'NAME_TAKEN'
  | 'TAG_INVALID'
  | 'TAG_MISSING'
  | 'LABEL_INVALID'
  | 'LOCK_INVALID'
  | 'FILE_CHANGED'
  | 'BASE_UNAVAILABLE'
  | 'PORT_TAKEN'
  | 'MIGRATION_FAILED'
  | 'MIGRATION_REFUSED'
  | 'COMMAND_FAILED'
  | 'ENV_MISSING'
  | 'NOT_HEALTHY'
  | 'ROLLED_BACK'
  | 'NOT_CONFIRMED'
  | 'NO_SUCH_SERVICE'
  | 'DATABASE_FAILED'
  | 'PASSWORD_REFUSED'
  | 'ROTATION_FAILED'
  | 'BACKUP_INVALID'
  | 'SCHEMA_DRIFTED'
  | 'CHECK_FAILED'
  | 'SECRET_MISSING'
  | 'SECRET_INVALID'
  | 'OPTION_REFUSED'
  | 'SIGNING_FAILED'
  | 'SIGNATURE_REFUSED';

/** An error for people: `message` says what happened and where, `hint` what to do next. */
export class StagesError extends Error {
  readonly hint: string;

  constructor(
    readonly code: FaultCode,
    what: { message: string; hint: string; cause?: unknown },
  ) {
    super(what.message, { cause: what.cause });
    this.name = 'StagesError';
    this.hint = what.hint;
  }
}
