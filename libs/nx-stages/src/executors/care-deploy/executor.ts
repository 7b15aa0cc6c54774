import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join, posix } from 'node:path';
import type { ExecutorContext } from '@nx/devkit';
import { stringify } from 'yaml';
import {
  type ComposeOptions,
  type DeploySubject,
  gatherDeployment,
  helmChart,
  kubernetesManifests,
  manifestText,
  masked,
  migrationJob,
  openCompose,
  type OpenedCompose,
  setUpScript,
  sharedVolumes,
  Swarm,
  swarmStack,
  trustedOf,
  verifiedImage,
  type VerifyOptions,
  writeChart,
} from '@excel2doc/services';
import { StagesError } from '@excel2doc/stages';
import { projectOf } from '../project';
import { report } from '../report';

interface Options extends ComposeOptions, VerifyOptions {
  service: string;
  /** Not `target`: Nx takes that for itself. */
  to: 'swarm' | 'kubernetes' | 'helm';
  repository?: string;
  migrate?: string[];
  migrated?: string[];
  migrationService?: string;
  dryRun: boolean;
  output?: string;
  volumeSize: string;
  sharedStorageClass?: string;
  waitSeconds: number;
}

/** Brings the production services to a swarm, or writes them for Kubernetes: manifests or a chart. */
export default function deploy(options: Options, context: ExecutorContext) {
  return report(async () => {
    const opened = await openCompose(options, projectOf(context));
    const registry = process.env['NX_STAGES_REGISTRY'];
    const image = opened.config.services[options.service]?.image?.replace(/:[^/:]*$/, '');
    const repository = options.repository ?? (registry && posix.join(registry, image ?? ''));
    if (options.to !== 'swarm') requireRegistry(repository ?? image ?? '', options.dryRun);
    const trusted = trustedOf(options);
    const gathered = await gatherDeployment(opened, options.service, { ...options, repository });
    const subject = trusted
      ? { ...gathered, image: await verifiedImage(gathered.image, trusted) }
      : gathered;
    if (options.dryRun) {
      process.stdout.write(describe(masked(subject), options));
    } else if (options.to === 'helm') {
      await toChart(subject, options, context.root);
    } else if (options.output !== undefined || options.to === 'kubernetes') {
      const path = options.output ?? `dist/deploy/${opened.config.name}.${options.to}.yaml`;
      await mkdir(dirname(join(context.root, path)), { recursive: true });
      // The passwords are in it.
      await writeFile(join(context.root, path), describe(subject, options), { mode: 0o600 });
      process.stdout.write(`${path}: holds passwords, so keep it out of git\n`);
      if (options.to === 'kubernetes')
        process.stdout.write(nextSteps(`kubectl apply -f ${path}`, subject, options));
    } else {
      await toSwarm(opened, subject, options);
    }
  });
}

/**
 * A cluster pulls from a registry: a name without one would be looked for at Docker Hub.
 *
 * @throws StagesError `REPOSITORY_MISSING`; for a dry run it is said alone
 */
function requireRegistry(repository: string, dryRun: boolean): void {
  const [host = '', ...path] = repository.split('/');
  if (path.length > 0 && (/[.:]/.test(host) || host === 'localhost')) return;
  const message = `${repository || 'The image'} names no registry, and no node of a cluster has it`;
  const hint = 'Say where docker-push puts it: --repository=HOST/NAME, or NX_STAGES_REGISTRY=HOST';
  if (!dryRun) throw new StagesError('REPOSITORY_MISSING', { message, hint });
  process.stderr.write(`! ${message}. ${hint}.\n`);
}

function describe(subject: DeploySubject, options: Options): string {
  if (options.to === 'swarm') return stringify(swarmStack(subject));
  if (options.to === 'helm') {
    const { files, secrets } = helmChart(subject, { ...options, migrate: options.migrate });
    return [...files, ['secrets.yaml', secrets]]
      .map(([path, text]) => `# ${path}\n${text}`)
      .join('---\n');
  }
  return manifestText(kubernetesManifests(subject, { ...options, migrate: options.migrate }));
}

/** A chart may be kept and pushed; the passwords lie beside it. */
async function toChart(subject: DeploySubject, options: Options, root: string): Promise<void> {
  const { name } = subject.config;
  const path = options.output ?? `dist/deploy/${name}`;
  await writeChart(
    helmChart(subject, { ...options, migrate: options.migrate }),
    join(root, path),
    path,
  );
  process.stdout.write(
    `${path}: a chart without passwords\n${path}.secrets.yaml: holds them, so keep it out of git\n`,
  );
  const install = `helm upgrade --install ${name} ${path} -f ${path}.secrets.yaml`;
  process.stdout.write(nextSteps(install, subject, options));
}

/** What the service needs, then the migrations, then the rest: as compose-up does. */
async function toSwarm(
  { engine }: OpenedCompose,
  subject: DeploySubject,
  { service, migrate, waitSeconds }: Options,
): Promise<void> {
  const { config, image, migrationEnvironment } = subject;
  const swarm = new Swarm(engine, config.name, waitSeconds * 1000);
  await swarm.check();
  const stack = swarmStack(subject);
  const needed = Object.keys(config.services[service]?.depends_on ?? {});
  await swarm.deploy(stack, needed);
  for (const name of needed) await setUpOn(swarm, name, setUpScript(config, name));
  if (migrate) {
    const job = `${service}-migrate`;
    await swarm.remove(job);
    try {
      const services = {
        ...stack.services,
        [job]: migrationJob(stack, service, migrate, migrationEnvironment),
      };
      await swarm.deploy({ ...stack, services }, [job]);
    } catch (cause) {
      throw new StagesError('MIGRATION_FAILED', {
        message: `The migration \`${migrate.join(' ')}\` failed; ${await swarm.whatRuns(service)}`,
        hint: 'Its log stands above; mend it and deploy again',
        cause,
      });
    } finally {
      await swarm.remove(job);
    }
  }
  await swarm.deploy(stack, Object.keys(stack.services));
  process.stdout.write(`${config.name}: ${Object.keys(stack.services).join(', ')} run ${image}\n`);
}

/** What a database has to have beside its data; its own first start does it on an empty volume alone. */
async function setUpOn(swarm: Swarm, name: string, script: string | undefined): Promise<void> {
  if (script === undefined || (await swarm.exec(name, ['sh', script]))) return;
  process.stdout.write(
    `! ${name} runs on another node: where its volume is older than ${script}, run \`sh ${script}\` in its container there\n`,
  );
}

function nextSteps(first: string, subject: DeploySubject, options: Options): string {
  const { config, service } = subject;
  const { migrate, migrated, sharedStorageClass } = options;
  const shared = [...sharedVolumes(subject)].join(', ');
  const notes = [
    ...(shared && sharedStorageClass === undefined
      ? [
          `! several pods mount ${shared}: the cluster's own storage class has to offer ReadWriteMany, or name one that does: --sharedStorageClass=NAME`,
        ]
      : []),
    ...(migrate && !migrated
      ? [
          '! nothing waits for the migration: give the command that ends with 0 after it: --migrated',
        ]
      : []),
  ];
  const setUps = Object.keys(config.services).flatMap((name) => {
    const script = setUpScript(config, name);
    const wait = `kubectl rollout status deployment/${name}`;
    return script ? [`${wait} && kubectl exec deployment/${name} -- sh ${script}`] : [];
  });
  const lines = [
    first,
    ...setUps,
    ...(migrate
      ? [
          `kubectl wait --for=condition=complete job -l app.kubernetes.io/name=${service}-migrate,app.kubernetes.io/part-of=${config.name}`,
        ]
      : []),
    `kubectl rollout status deployment/${service} || ${options.to === 'helm' ? `helm rollback ${config.name}` : `kubectl rollout undo deployment/${service}`}`,
  ];
  return [...notes, 'then:', ...lines.map((line) => `  ${line}`), ''].join('\n');
}
