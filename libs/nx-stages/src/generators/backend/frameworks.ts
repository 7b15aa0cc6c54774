export type Framework = 'fastapi' | 'django' | 'flask';

/** What differs between the frameworks beside their own templates. */
export interface FrameworkShape {
  title: string;
  /** Folders of files/, later ones on top. */
  templates: string[];
  /** What the image runs. */
  command: string[];
  /** Files of the project's root that the image holds. */
  rootFiles: string;
  /** Folders that it holds. */
  folders: string[];
  /** The command of the migrations, where the plugin does not find it by itself. */
  migrate?: string[];
}

const gunicorn = (target: string) => {
  // A worker's heartbeat file: /tmp is memory in the Compose file.
  return ['gunicorn', target, '--bind', '0.0.0.0:8000', '--worker-tmp-dir', '/tmp'];
};

export const FRAMEWORKS: Record<Framework, FrameworkShape> = {
  fastapi: {
    title: 'FastAPI',
    templates: ['sqlalchemy', 'fastapi'],
    command: ['uvicorn', 'app.main:app', '--host', '0.0.0.0', '--port', '8000'],
    rootFiles: 'alembic.ini',
    folders: ['alembic', 'app'],
  },
  flask: {
    title: 'Flask',
    templates: ['sqlalchemy', 'flask'],
    command: gunicorn('app.main:app'),
    rootFiles: 'alembic.ini',
    folders: ['alembic', 'app'],
  },
  django: {
    title: 'Django',
    templates: ['django'],
    command: gunicorn('app.core.wsgi'),
    rootFiles: 'manage.py',
    folders: ['app'],
    migrate: ['python', 'manage.py', 'migrate', '--noinput'],
  },
};
