import type { ExecutorSchema, Option } from './schema';

/** Options that several executors have, each said once. */
const SHARED = {
  dockerfile: {
    type: 'string',
    description: 'The Dockerfile, relative to the workspace.',
    examples: ['apps/backend/Dockerfile'],
  },
  context: {
    type: 'string',
    description: 'The build context, relative to the workspace.',
    examples: ['apps/backend'],
  },
  lockFile: {
    type: 'string',
    description:
      'The lock of base images, relative to the workspace. Default: docker/images.lock.json.',
    examples: ['docker/images.lock.json'],
  },
  lockFile2: {
    type: 'string',
    description: 'The lock of base images, relative to the workspace.',
    default: 'docker/images.lock.json',
  },
  lockFile3: {
    type: 'string',
    description:
      'The lock of base images, relative to the workspace. Default: docker/images.lock.json.',
    examples: ['docker/images.lock.json'],
    default: 'docker/images.lock.json',
  },
  platforms: {
    type: 'array',
    items: { type: 'string' },
    description: 'Platforms to build for. Default: the one of this machine.',
    examples: [['linux/amd64', 'linux/arm64']],
  },
  builders: {
    type: 'object',
    additionalProperties: {
      oneOf: [
        { type: 'string', minLength: 1 },
        { type: 'array', items: { type: 'string', minLength: 1 }, minItems: 1 },
      ],
    },
    description:
      "Platform, or `*` for all others, and the buildx builder that runs its RUN steps, or one of several. In no stage's key.",
    examples: [{ 'linux/arm64': 'arm-machine' }, { '*': ['builder-1', 'builder-2'] }],
  },
  compression: {
    type: 'string',
    enum: ['gzip', 'zstd'],
    description: 'How layers are compressed; zstd takes Node 22.15 or newer.',
    default: 'gzip',
  },
  modes: {
    type: 'string',
    enum: ['git', 'disk'],
    description:
      'Whose modes files of the context have in keys and layers: those that git knows, the same on every checkout, or those on the disk, as BuildKit takes them.',
    default: 'git',
  },
  layering: {
    type: 'string',
    enum: ['stage', 'package'],
    description: 'What is copied from a stage: a layer a COPY, or a layer a package.',
    default: 'stage',
  },
  cacheMounts: {
    type: 'object',
    properties: {
      budget: { type: 'string' },
      others: { type: 'array', items: { type: 'string' } },
    },
    required: ['budget'],
    additionalProperties: false,
    description:
      "Keep what package managers have in the stage's cache mounts in the self-hosted remote cache that Nx is given. In no key.",
    examples: [{ budget: '2GB' }],
  },
  buildArgs: {
    type: 'object',
    additionalProperties: { type: 'string' },
    description: 'Values of build arguments.',
    examples: [{ PYTHON_VERSION: '3.12' }],
  },
  secrets: {
    type: 'array',
    items: {
      oneOf: [
        { type: 'string' },
        {
          type: 'object',
          required: ['id'],
          properties: {
            id: { type: 'string' },
            env: { type: 'string' },
            src: { type: 'string' },
            command: { oneOf: [{ type: 'string' }, { type: 'array', items: { type: 'string' } }] },
            shell: { type: 'boolean' },
          },
          additionalProperties: false,
        },
      ],
    },
    description:
      'Where the values of secrets come from that RUN steps mount: a variable, a file, or what a command prints.',
    examples: [['id=npm,env=NPM_TOKEN'], [{ id: 'pip', command: ['pass', 'show', 'pip'] }]],
  },
  ssh: {
    type: 'array',
    items: { type: 'string' },
    description: 'SSH agents or keys that RUN steps mount.',
    examples: [['default'], ['github=~/.ssh/id_ed25519']],
  },
  secretVersion: {
    oneOf: [
      { type: 'string' },
      { type: 'number' },
      {
        type: 'object',
        additionalProperties: { oneOf: [{ type: 'string' }, { type: 'number' }] },
      },
    ],
    description:
      'Part of the keys of stages that mount a secret, of all or by its id. A value is never part of a key: change this to have them built again.',
    examples: ['2', { npm: '2026-11' }],
  },
  labels: {
    type: 'array',
    items: { type: 'string' },
    description:
      'Labels that the image gets last, over its own: `oci` for source, revision, time and version as git and CI say them, or NAME=VALUE.',
    examples: [['oci', 'org.opencontainers.image.vendor=Acme']],
  },
  annotations: {
    type: 'array',
    items: { type: 'string' },
    description:
      'Annotations of the manifest, as labels are written; before a colon stands where else: of the index, or of its descriptors.',
    examples: [['manifest,index:oci']],
  },
  targets: {
    type: 'array',
    items: { type: 'string' },
    description: 'Stages that are wanted as whole images besides the last one.',
    examples: [['test']],
  },
  variant: {
    type: 'string',
    description:
      "Which of the project's Dockerfiles it is: `worker` for Dockerfile.worker. Default: the main one.",
    examples: ['worker'],
  },
  stage: { type: 'string', description: 'The stage whose image is loaded.', examples: ['runner'] },
  stage2: {
    type: 'string',
    description: 'The stage whose image the service runs.',
    examples: ['runner'],
  },
  image: {
    type: 'string',
    description: "Name of the project's image, without a tag.",
    examples: ['acme/api'],
  },
  image2: {
    type: 'string',
    description: 'Name that the image gets, without a tag.',
    examples: ['acme/api'],
  },
  tag: {
    type: 'string',
    description: "Tag beside the commit's and the digest's. Default: NX_STAGES_TAG, or `dev`.",
    examples: ['v1.4.0'],
  },
  tags: {
    type: 'array',
    items: { type: 'string' },
    description:
      'Further tags, as docker/metadata-action takes them: of a branch, a pull request, a commit, a version, a date, or as they are.',
    examples: [['type=ref,event=branch', 'type=semver,pattern={{version}}', 'latest']],
  },
  skipDefaultTag: {
    type: 'boolean',
    description:
      "Only the tags that tag and tags name: neither `dev`, nor the commit's, nor the digest's.",
    default: false,
  },
  json: { type: 'boolean', description: 'Print JSON instead of a table.', default: false },
  stages: {
    type: 'array',
    items: { type: 'string' },
    description: 'Stages of the Dockerfile, in its order.',
    examples: [['deps', 'runner']],
  },
  files: {
    type: 'array',
    items: { type: 'string' },
    description: 'The Compose files, relative to the workspace, later ones on top of earlier ones.',
    examples: [['docker/compose.yaml']],
  },
  envFile: {
    type: 'string',
    description: 'The file with the values that the Compose files use, relative to the workspace.',
    examples: ['.env'],
  },
  project: {
    type: 'string',
    description:
      'Name of the Compose project. Default: COMPOSE_PROJECT_NAME, or the name in the file.',
    examples: ['shop'],
  },
  service: {
    type: 'string',
    description: "The service that runs this project's image.",
    examples: ['backend'],
  },
  migrationService: {
    type: 'string',
    description:
      'The service that migrations run in, where a role of its own changes the schema; it may stand in a profile. Default: the service itself.',
    examples: ['migrate'],
  },
  waitSeconds: {
    type: 'number',
    description: 'How long a container may take until it is healthy, in seconds.',
    default: 120,
    minimum: 1,
    examples: [60],
  },
  database: {
    type: 'string',
    description: 'The PostgreSQL service. Default: the only one.',
    examples: ['postgres'],
  },
  keeper: {
    type: 'string',
    description: 'The service whose image takes backups.',
    default: 'backup',
    examples: ['backup'],
  },
  snapshot: {
    type: 'string',
    description: 'Which backup, by the beginning of its id. Default: the newest.',
    examples: ['1f3a9c20'],
  },
  at: {
    type: 'string',
    description: 'The newest backup that is not newer than this time (UTC where no zone is given).',
    examples: ['2026-11-24T08:00:00'],
  },
  folder: {
    type: 'string',
    description:
      'Folder of the backups, relative to the workspace. Default: backups/<Compose project>.',
    examples: ['backups/shop'],
  },
} satisfies Record<string, Option>;

/** Every executor with its options: executors.json, the schemas and the reference are made of it. */
export const EXECUTORS: Record<string, ExecutorSchema> = {
  'docker-plan': {
    title: 'Write what each stage reads',
    description: 'Write what each stage of a Dockerfile reads, one normalised file a stage',
    required: ['dockerfile', 'context'],
    options: {
      dockerfile: SHARED.dockerfile,
      context: SHARED.context,
      lockFile: SHARED.lockFile2,
      platforms: SHARED.platforms,
      builders: SHARED.builders,
      compression: SHARED.compression,
      modes: SHARED.modes,
      layering: SHARED.layering,
      buildArgs: SHARED.buildArgs,
      targets: SHARED.targets,
      variant: SHARED.variant,
      secrets: SHARED.secrets,
      ssh: SHARED.ssh,
      secretVersion: SHARED.secretVersion,
    },
  },
  'docker-stage': {
    title: "Make one stage's image",
    description: "Make one stage's thin OCI layout and image.json",
    executor: { hasher: './from-source/hashers.cjs#docker-stage' },
    required: ['stage', 'dockerfile', 'context'],
    options: {
      stage: { type: 'string', description: "The stage's name.", examples: ['deps'] },
      layerRepository: {
        type: 'string',
        description: "Repository that the stage's layers are kept in, instead of the output.",
        examples: ['registry.example.com/team/layers'],
      },
      layersInCache: {
        type: 'boolean',
        description:
          "Keep the stage's layers each by itself in the self-hosted remote cache that Nx is given, instead of in the output.",
      },
      cacheMounts: SHARED.cacheMounts,
      dockerfile: SHARED.dockerfile,
      context: SHARED.context,
      lockFile: SHARED.lockFile2,
      platforms: SHARED.platforms,
      builders: SHARED.builders,
      buildArgs: SHARED.buildArgs,
      targets: SHARED.targets,
      variant: SHARED.variant,
      secrets: SHARED.secrets,
      ssh: SHARED.ssh,
      secretVersion: SHARED.secretVersion,
    },
  },
  'docker-load': {
    title: 'Put an image into the engine',
    description: "Put a stage's image into the engine, tagged, sending only what the engine lacks",
    executor: { hasher: './from-source/hashers.cjs#docker-load' },
    required: ['stage', 'image', 'dockerfile', 'context'],
    options: {
      stage: SHARED.stage,
      image: SHARED.image2,
      tag: SHARED.tag,
      tags: SHARED.tags,
      skipDefaultTag: SHARED.skipDefaultTag,
      labels: SHARED.labels,
      annotations: SHARED.annotations,
      dockerfile: SHARED.dockerfile,
      context: SHARED.context,
      lockFile: SHARED.lockFile2,
      platforms: SHARED.platforms,
      builders: SHARED.builders,
      buildArgs: SHARED.buildArgs,
      targets: SHARED.targets,
      variant: SHARED.variant,
    },
  },
  'docker-image': {
    title: 'Put a stage together, or an image into the engine',
    description:
      'Make a stage for which nothing is run, or put an image into the engine; all of a run in one process',
    executor: {
      hasher: './from-source/hashers.cjs#docker-image',
      batchImplementation: './from-source/batches.cjs#docker-image',
      preferBatch: true,
    },
    checksOptions: true,
    required: ['stage', 'dockerfile', 'context'],
    options: {
      stage: { type: 'string', description: "The stage's name.", examples: ['runner'] },
      image: {
        type: 'string',
        description: "The image's name without a tag. Without it, the stage's layout is made.",
        examples: ['shop/api'],
      },
      tag: SHARED.tag,
      tags: SHARED.tags,
      skipDefaultTag: SHARED.skipDefaultTag,
      labels: SHARED.labels,
      annotations: SHARED.annotations,
      fresh: {
        type: 'boolean',
        description:
          'With an image: take its bases at the digest that the registry has now and make its RUN steps anew, as docker-lock --fresh does, then load it.',
        default: false,
      },
      layerRepository: {
        type: 'string',
        description: "Repository that the stage's layers are kept in, instead of the output.",
        examples: ['registry.example.com/team/layers'],
      },
      layersInCache: {
        type: 'boolean',
        description:
          "Keep the stage's layers each by itself in the self-hosted remote cache that Nx is given, instead of in the output.",
      },
      cacheMounts: SHARED.cacheMounts,
      dockerfile: SHARED.dockerfile,
      context: SHARED.context,
      lockFile: SHARED.lockFile2,
      platforms: SHARED.platforms,
      builders: SHARED.builders,
      buildArgs: SHARED.buildArgs,
      targets: SHARED.targets,
      variant: SHARED.variant,
      secrets: SHARED.secrets,
      ssh: SHARED.ssh,
      secretVersion: SHARED.secretVersion,
    },
  },
  'docker-watch': {
    title: 'Keep an image the same as its files',
    description:
      'Keep an image in the engine the same as the files that it is made from, until Ctrl-C',
    executor: { hasher: './from-source/hashers.cjs#docker-watch' },
    options: {
      target: {
        type: 'string',
        description: 'The target of the project that brings the image into the engine.',
        default: 'docker-build',
        examples: ['docker-build-worker'],
      },
      up: {
        type: 'boolean',
        description:
          'Bring the services that run the image up with it each time, as compose-up does.',
        default: false,
      },
      sync: {
        type: 'boolean',
        description:
          'As up; where only files of the last stage are others, put them into the running container at once, and load the image after that.',
        default: false,
      },
    },
  },
  'docker-lock': {
    title: 'Lock base images to digests',
    description: 'Lock base images to the digests that the registry has for them',
    required: ['dockerfile', 'context'],
    options: {
      dockerfile: SHARED.dockerfile,
      context: SHARED.context,
      lockFile: SHARED.lockFile2,
      platforms: SHARED.platforms,
      builders: SHARED.builders,
      buildArgs: SHARED.buildArgs,
      check: {
        type: 'boolean',
        description: 'Change nothing; fail where the Dockerfile names a base that is not locked.',
        default: false,
      },
      update: {
        type: 'boolean',
        description: 'Take locked images at the digest that the registry has now, and show both.',
        default: false,
      },
      fresh: {
        type: 'boolean',
        description:
          "Take the Dockerfile's base images at the digest that the registry has now, and have its RUN steps made anew, once, for everybody who has the lock.",
        default: false,
      },
      targets: SHARED.targets,
      variant: SHARED.variant,
    },
  },
  'docker-push': {
    title: 'Push an image to a registry',
    description: "Push a stage's image and its SBOM to a registry, without an engine",
    required: ['stage', 'image', 'dockerfile', 'context'],
    options: {
      stage: SHARED.stage,
      image: SHARED.image2,
      tag: SHARED.tag,
      tags: SHARED.tags,
      skipDefaultTag: SHARED.skipDefaultTag,
      labels: SHARED.labels,
      annotations: SHARED.annotations,
      repository: {
        type: 'string',
        description:
          "Where to, without a tag. Default: the plugin's option registry, or NX_STAGES_REGISTRY, and the image's name.",
        examples: ['registry.example.com/team/backend'],
      },
      sbom: {
        type: 'boolean',
        description: 'Attach the list of packages; --no-sbom leaves it out.',
        default: true,
      },
      parts: {
        type: 'string',
        enum: ['push', 'join'],
        description:
          'Half of a push over several machines. push: the platforms of this one, without a tag, written down in dist/docker-pushed. join: all that lie there, under the tags; nothing has to be built for it. Default: both at once.',
      },
      sign: {
        type: 'string',
        description:
          'Sign the image with cosign before it gets its tags, with the provenance and the list of packages as signed documents: `keyless` as the job of CI that this is, or a key, as cosign names it.',
        examples: ['keyless', 'cosign.key'],
      },
      dockerfile: SHARED.dockerfile,
      context: SHARED.context,
      lockFile: SHARED.lockFile2,
      platforms: SHARED.platforms,
      builders: SHARED.builders,
      buildArgs: SHARED.buildArgs,
      targets: SHARED.targets,
      variant: SHARED.variant,
    },
  },
  'docker-release': {
    title: 'Push the version that nx release gave',
    description:
      "What `nx release publish` runs: push a project's images as the version that it got",
    options: {
      dryRun: {
        type: 'boolean',
        description: 'Push nothing, and say what would be pushed.',
        default: false,
      },
      nxReleaseVersionData: {
        type: 'object',
        description:
          "What `nx release` hands over: the version of each project. Default: git's tag at the commit.",
        examples: [{ api: { newVersion: '1.2.3' } }],
        'x-hidden': true,
      },
      firstRelease: {
        type: 'boolean',
        description: 'Handed over by `nx release --first-release`; nothing hangs on it.',
        'x-hidden': true,
      },
    },
  },
  'docker-run': {
    title: 'Run an image',
    description: "Run a project's image as `docker run` would, until it ends or Ctrl-C",
    required: ['image'],
    takesArguments: true,
    options: {
      image: SHARED.image,
      tag: SHARED.tag,
      skipDefaultTag: SHARED.skipDefaultTag,
      variant: SHARED.variant,
      ports: {
        type: 'array',
        items: { type: 'string' },
        description: 'Published ports, as `docker run --publish` takes them.',
        examples: [['8000:8000', '127.0.0.1:9000:9000']],
      },
      env: {
        type: 'object',
        additionalProperties: { type: 'string' },
        description: 'Variables of the container.',
        examples: [{ LOG_LEVEL: 'debug' }],
      },
      envFile: {
        type: 'string',
        description: 'A file with variables, relative to the workspace.',
        examples: ['.env'],
      },
      volumes: {
        type: 'array',
        items: { type: 'string' },
        description:
          'Volumes, as `docker run --volume` takes them; a host path is relative to the workspace.',
        examples: [['./data:/data:ro']],
      },
      name: {
        type: 'string',
        description: "The container's name. Default: made of the project's, and of chance.",
        examples: ['shop-api'],
      },
      rm: {
        type: 'boolean',
        description: 'Remove the container when it has ended.',
        default: true,
      },
      detach: {
        type: 'boolean',
        description: 'Leave it running, and say how it is ended.',
        default: false,
      },
      command: {
        type: 'array',
        items: { type: 'string' },
        description:
          "What is run instead of the image's command; what stands behind `--` comes after it.",
        examples: [['python', '-m', 'http.server']],
      },
      runArgs: {
        type: 'array',
        items: { type: 'string' },
        description: 'Further arguments of `docker run`, as they are.',
        examples: [['--network=host', '--memory=512m']],
      },
      args: {
        type: 'array',
        items: { type: 'string' },
        description: 'What stands behind `--`.',
        examples: [['--port', '8000']],
        $default: { $source: 'unparsed' },
      },
    },
  },
  'docker-explain': {
    title: 'Say why a stage would be built again',
    description: 'Say for each stage whether it would be built again, and why',
    executor: { hasher: './from-source/hashers.cjs#docker-explain' },
    required: ['dockerfile', 'context'],
    options: {
      dockerfile: SHARED.dockerfile,
      context: SHARED.context,
      lockFile: SHARED.lockFile2,
      platforms: SHARED.platforms,
      builders: SHARED.builders,
      compression: SHARED.compression,
      modes: SHARED.modes,
      layering: SHARED.layering,
      buildArgs: SHARED.buildArgs,
      json: { type: 'boolean', default: false, description: 'Print JSON, an array of stages.' },
      graph: {
        type: 'boolean',
        aliases: ['diagram'],
        default: false,
        description:
          "Draw the stages too: as Mermaid on the terminal and as graph.svg beside the outputs. Behind `--`, or as --diagram: a bare --graph is Nx's own.",
      },
      targets: SHARED.targets,
      variant: SHARED.variant,
    },
  },
  'docker-report': {
    title: 'Write a report of the last image build',
    description:
      "Write the last image build as one HTML page, and link it from the CI job's summary",
    required: ['stages', 'stage'],
    options: {
      stages: {
        type: 'array',
        items: { type: 'string' },
        description: 'The stages of the Dockerfile, in its order.',
        examples: [['deps', 'runner']],
      },
      stage: {
        type: 'string',
        description: 'The stage that becomes the image.',
        examples: ['runner'],
      },
      variant: {
        type: 'string',
        description: "Which of the project's Dockerfiles it is; absent for the main one.",
        examples: ['worker'],
      },
      whole: {
        type: 'boolean',
        default: false,
        description:
          'Report the last run over all images of the workspace, whichever project is named: what they share, the slowest chain of stages. Default place: dist/docker-report.html.',
        examples: [true],
      },
      output: {
        type: 'string',
        description:
          "Where to write the report, relative to the workspace. Default: report.html beside the stages' outputs.",
        examples: ['dist/report.html'],
      },
      link: {
        type: 'string',
        description:
          "Address that the job's summary links to. Default: on GitHub Actions, the run's page with what it uploaded.",
        examples: ['https://reports.example.com/42.html'],
      },
      summary: {
        type: 'string',
        description:
          'File that a summary in Markdown is appended to. Default: the one that GITHUB_STEP_SUMMARY names, else none.',
        examples: ['dist/summary.md'],
      },
      optional: {
        type: 'boolean',
        default: false,
        description:
          'Do nothing where no run is kept, instead of failing: for CI, where not every project is built each time.',
        examples: [true],
      },
    },
  },
  'docker-audit': {
    title: 'Check a built image',
    description: 'Check the built image: user, tools, caches, secrets, size, packages',
    required: ['stage', 'dockerfile', 'context'],
    options: {
      dockerfile: SHARED.dockerfile,
      context: SHARED.context,
      stage: {
        type: 'string',
        description: 'The stage whose image is checked.',
        examples: ['runner'],
      },
      lockFile: SHARED.lockFile3,
      budgetMiB: {
        type: 'number',
        description: 'The most that the image may weigh, compressed, without its base image.',
        default: 200,
        minimum: 1,
        examples: [150],
      },
      accepted: {
        type: 'string',
        description:
          'File with the names of accepted packages, one a line, relative to the workspace.',
        examples: ['docker/packages.accepted'],
      },
      json: SHARED.json,
    },
  },
  'compose-up': {
    title: 'Bring services up',
    description:
      'Bring services up: dependencies, migrations, then what changed, tried out first and rolled back',
    required: ['files', 'service'],
    options: {
      files: SHARED.files,
      envFile: SHARED.envFile,
      project: SHARED.project,
      lockFile: SHARED.lockFile,
      service: SHARED.service,
      migrate: {
        type: 'array',
        items: { type: 'string' },
        description:
          'Command that migrates the database, run in a one-off container before the service is replaced.',
        examples: [['alembic', 'upgrade', 'head']],
      },
      migrationService: SHARED.migrationService,
      breaking: {
        type: 'string',
        enum: ['name', 'refuse'],
        description:
          'A migration that what runs now may not survive (it drops, renames, demands or changes a type): name it and go on, or refuse it. Alembic only.',
        default: 'name',
      },
      backup: {
        type: 'boolean',
        description: 'Take a verified backup of the database before the migrations.',
        default: false,
      },
      tryOut: {
        type: 'boolean',
        description:
          'Start a new image beside the old container first; off for a service that must never run twice.',
        default: true,
      },
      waitSeconds: SHARED.waitSeconds,
    },
  },
  'compose-down': {
    title: 'Take services down',
    description: 'Stop and remove the containers; volumes only when asked for by name',
    required: ['files'],
    options: {
      files: SHARED.files,
      envFile: SHARED.envFile,
      project: SHARED.project,
      lockFile: SHARED.lockFile,
      volumes: {
        type: 'boolean',
        description: 'Delete the volumes, too. Asks for the name of the Compose project.',
        default: false,
      },
      confirm: {
        type: 'string',
        description: 'Name of the Compose project, to go on without being asked.',
        examples: ['shop'],
      },
    },
  },
  'compose-ps': {
    title: 'Show the services',
    description: 'Show the services: state, health, restarts, ports, image, newer source',
    required: ['files', 'service'],
    options: {
      files: SHARED.files,
      envFile: SHARED.envFile,
      project: SHARED.project,
      lockFile: SHARED.lockFile,
      service: SHARED.service,
      stage: SHARED.stage2,
      context: SHARED.context,
      json: SHARED.json,
    },
  },
  'compose-logs': {
    title: 'Show the logs',
    description: "Show the services' logs, JSON records made readable",
    required: ['files'],
    options: {
      files: SHARED.files,
      envFile: SHARED.envFile,
      project: SHARED.project,
      lockFile: SHARED.lockFile,
      service: { type: 'string', description: 'Only this service.', examples: ['backend'] },
      since: {
        type: 'string',
        description: 'Only what is newer, as a time or an age.',
        examples: ['10m', '2026-11-24T08:00:00'],
      },
      tail: {
        type: 'number',
        description: 'Only the last lines of each service.',
        examples: [100],
      },
      follow: { type: 'boolean', description: 'Go on printing until Ctrl-C.', default: true },
      level: {
        type: 'string',
        description: 'Only what is at least so important.',
        enum: ['trace', 'debug', 'info', 'warning', 'error', 'critical'],
        examples: ['warning'],
      },
      health: {
        type: 'boolean',
        description: 'Print answers to health checks, too.',
        default: false,
      },
      raw: { type: 'boolean', description: 'Print the lines as they are.', default: false },
    },
  },
  'compose-run': {
    title: 'Run a command in a one-off container',
    description: 'Run a command in a one-off container of a service',
    required: ['files', 'service', 'command'],
    takesArguments: true,
    options: {
      files: SHARED.files,
      envFile: SHARED.envFile,
      project: SHARED.project,
      service: {
        type: 'string',
        description: 'The service whose image, environment and networks the command gets.',
        examples: ['test'],
      },
      command: {
        type: 'array',
        items: { type: 'string' },
        description: 'The command and its arguments.',
        examples: [['alembic', 'upgrade', 'head']],
      },
      args: {
        type: 'array',
        items: { type: 'string' },
        description: 'Arguments added to the command.',
        examples: [['-k', 'health']],
        $default: { $source: 'unparsed' },
      },
      stage: {
        type: 'string',
        description: 'Stage of this project whose image is loaded first.',
        examples: ['test'],
      },
      image: {
        type: 'string',
        description: "Name that the stage's image gets, without a tag.",
        examples: ['acme/api'],
      },
      buildContext: {
        type: 'string',
        description:
          "The stage's build context, relative to the workspace. Default: the project's folder.",
        examples: ['apps/api'],
      },
      dependencies: {
        type: 'boolean',
        default: true,
        description: 'Bring up what the service depends on.',
      },
      throwAway: {
        type: 'boolean',
        default: false,
        description: 'Use a Compose project of its own and remove it afterwards, volumes and all.',
      },
    },
  },
  'compose-restart': {
    title: 'Restart services',
    description: 'Restart containers as they are and wait until they are healthy',
    required: ['files'],
    options: {
      files: SHARED.files,
      envFile: SHARED.envFile,
      project: SHARED.project,
      lockFile: SHARED.lockFile,
      service: {
        type: 'string',
        description: 'Only this service. Default: all.',
        examples: ['backend'],
      },
      waitSeconds: SHARED.waitSeconds,
    },
  },
  'compose-exec': {
    title: 'Run a command in a running container',
    description: 'Run a command in a running container',
    required: ['files', 'service', 'command'],
    takesArguments: true,
    options: {
      files: SHARED.files,
      envFile: SHARED.envFile,
      project: SHARED.project,
      lockFile: SHARED.lockFile,
      service: SHARED.service,
      command: {
        type: 'array',
        items: { type: 'string' },
        description: 'The command; empty for arguments alone.',
        examples: [['/bin/bash']],
      },
      args: {
        type: 'array',
        items: { type: 'string' },
        description: 'Arguments behind the command.',
        examples: [['ls', '-l']],
        $default: { $source: 'unparsed' },
      },
      user: {
        type: 'string',
        description: "Run as this user instead of the container's.",
        examples: ['root'],
      },
    },
  },
  'compose-watch': {
    title: 'Bring saved files into the running container',
    description: "Sync saved source files into the running container, on Compose's watch",
    required: ['files', 'service', 'dockerfile', 'context', 'stage'],
    options: {
      files: SHARED.files,
      envFile: SHARED.envFile,
      project: SHARED.project,
      lockFile: SHARED.lockFile,
      service: SHARED.service,
      dockerfile: SHARED.dockerfile,
      context: SHARED.context,
      stage: SHARED.stage2,
      reload: {
        type: 'array',
        items: { type: 'string' },
        description:
          'Command that the service runs while it is watched, one that reloads. Default: its own, with --reload for uvicorn.',
        examples: [['uvicorn', 'app.main:app', '--reload']],
      },
      rebuild: {
        type: 'array',
        items: { type: 'string' },
        description:
          'Files of the build context after whose change the image is built anew. Default: requirements.txt, Dockerfile.',
        examples: [['requirements.txt']],
      },
      image: SHARED.image,
      debugPort: {
        type: 'integer',
        minimum: 1,
        maximum: 65535,
        description:
          'Run the service under a debugger that listens on this port of this machine: debugpy for Python, the inspector for Node.',
        examples: [5678],
      },
      debugStage: {
        type: 'string',
        description: 'The stage whose image has the debugger. Default: test, where there is one.',
        examples: ['test'],
      },
    },
  },
  'db-migrate': {
    title: 'Migrate the database',
    description: 'Apply the migrations in a one-off container, under a lock',
    required: ['files', 'service', 'command'],
    options: {
      files: SHARED.files,
      envFile: SHARED.envFile,
      project: SHARED.project,
      lockFile: SHARED.lockFile,
      service: SHARED.service,
      migrationService: SHARED.migrationService,
      database: SHARED.database,
      command: {
        type: 'array',
        items: { type: 'string' },
        description: 'The command that migrates.',
        examples: [['alembic', 'upgrade', 'head']],
      },
      dryRun: { type: 'boolean', description: 'Print the SQL and run none of it.', default: false },
      to: {
        type: 'string',
        description:
          'The revision to go to, also back to one of before, or base. Going back loses the data of what was added since, so it asks by name.',
        examples: ['20261124'],
      },
      confirm: {
        type: 'string',
        description: 'The name of the database: goes back without asking.',
        examples: ['excel2doc'],
      },
      backup: { type: 'boolean', description: 'Take a verified backup first.', default: false },
    },
  },
  'db-history': {
    title: 'Show the migrations',
    description: 'Show the migrations and where the database is',
    required: ['files', 'service'],
    options: {
      files: SHARED.files,
      envFile: SHARED.envFile,
      project: SHARED.project,
      lockFile: SHARED.lockFile,
      service: SHARED.service,
      migrationService: SHARED.migrationService,
      database: SHARED.database,
    },
  },
  'db-revision': {
    title: 'Write a migration',
    description: 'Write a migration from what the models have and the migrations lack',
    required: ['files', 'service', 'message'],
    options: {
      files: SHARED.files,
      envFile: SHARED.envFile,
      project: SHARED.project,
      lockFile: SHARED.lockFile,
      service: SHARED.service,
      migrationService: SHARED.migrationService,
      database: SHARED.database,
      message: {
        type: 'string',
        description: 'What the migration does.',
        examples: ['add a note to conversions'],
        $default: { $source: 'argv', index: 0 },
      },
      empty: {
        type: 'boolean',
        description: 'Write an empty migration, to be filled in by hand.',
        default: false,
      },
      folder: {
        type: 'string',
        description: 'Folder of the migrations, relative to the project.',
        default: 'alembic',
        examples: ['alembic'],
      },
      imageFolder: {
        type: 'string',
        description: 'Where the image has that folder. Default: in its working directory.',
        examples: ['/srv/app/alembic'],
      },
    },
  },
  'db-check': {
    title: 'Check the database',
    description: 'Check revision, schema, models and indexes of the database',
    required: ['files', 'service'],
    options: {
      files: SHARED.files,
      envFile: SHARED.envFile,
      project: SHARED.project,
      lockFile: SHARED.lockFile,
      service: SHARED.service,
      migrationService: SHARED.migrationService,
      database: SHARED.database,
    },
  },
  'db-shell': {
    title: 'Open psql',
    description: "Open psql in the database's container",
    required: ['files', 'service'],
    takesArguments: true,
    options: {
      files: SHARED.files,
      envFile: SHARED.envFile,
      project: SHARED.project,
      lockFile: SHARED.lockFile,
      service: SHARED.service,
      database: SHARED.database,
      args: {
        type: 'array',
        items: { type: 'string' },
        description: 'Arguments for psql.',
        examples: [['-c', 'SELECT 1']],
        $default: { $source: 'unparsed' },
      },
    },
  },
  'db-backup': {
    title: 'Back the database up',
    description: 'Back the database up: dumped, restored beside it, compared',
    required: ['files', 'service'],
    options: {
      files: SHARED.files,
      envFile: SHARED.envFile,
      project: SHARED.project,
      lockFile: SHARED.lockFile,
      service: SHARED.service,
      database: SHARED.database,
      folder: SHARED.folder,
      keep: {
        type: 'number',
        description: 'Delete all but the newest backups.',
        minimum: 1,
        examples: [14],
      },
    },
  },
  'db-restore': {
    title: 'Restore a backup',
    description: "Put a backup in the database's place; what was there is kept under another name",
    required: ['files', 'service'],
    options: {
      files: SHARED.files,
      envFile: SHARED.envFile,
      project: SHARED.project,
      lockFile: SHARED.lockFile,
      service: SHARED.service,
      database: SHARED.database,
      file: {
        type: 'string',
        description: 'The dump. Default: the newest in the folder.',
        examples: ['backups/shop/shop-20261124T080000000Z.dump'],
        $default: { $source: 'argv', index: 0 },
      },
      folder: SHARED.folder,
      confirm: {
        type: 'string',
        description: 'Name of the database, to go on without being asked.',
        examples: ['shop'],
      },
    },
  },
  'care-env': {
    title: 'Write the values of a configuration',
    description:
      'Write the file with the values that the Compose files ask for: secrets are made, what is there stays',
    required: ['files', 'envFile'],
    options: {
      files: SHARED.files,
      envFile: SHARED.envFile,
      set: {
        type: 'array',
        items: { type: 'string' },
        description: 'A value that is no secret to be made: NAME=VALUE. Several times for several.',
        examples: [['SITE_ADDRESS=docs.example.org']],
      },
    },
  },
  'care-rotate-secret': {
    title: 'Give a service another password',
    description:
      'Give PostgreSQL or Redis, and all that use it, another password while they serve; both are tried',
    required: ['files', 'envFile', 'secret'],
    options: {
      files: SHARED.files,
      envFile: SHARED.envFile,
      project: SHARED.project,
      lockFile: SHARED.lockFile,
      secret: {
        type: 'string',
        enum: ['postgres', 'app', 'redis'],
        description:
          "Whose password it is: PostgreSQL's POSTGRES_USER, the role of its own that the application has there, or Redis.",
        examples: ['postgres'],
      },
      database: SHARED.database,
      redis: {
        type: 'string',
        description: 'The Redis service. Default: the only one.',
        examples: ['redis'],
      },
      variable: {
        type: 'string',
        description:
          'The password in the file with the values. Default: POSTGRES_PASSWORD, DATABASE_PASSWORD, REDIS_PASSWORD.',
        examples: ['DB_PASSWORD'],
      },
      userVariable: {
        type: 'string',
        description:
          "The name of PostgreSQL's role in the Compose files, which those who use it take from it. Default: POSTGRES_USER, DATABASE_USER.",
        examples: ['DB_USER'],
      },
      waitSeconds: SHARED.waitSeconds,
    },
  },
  'care-backup': {
    title: 'Back a service up',
    description:
      'Back database and folders up together, encrypted; restored into scratch and compared',
    required: ['files'],
    options: {
      files: SHARED.files,
      envFile: SHARED.envFile,
      project: SHARED.project,
      lockFile: SHARED.lockFile,
      service: SHARED.keeper,
    },
  },
  'care-backup-verify': {
    title: 'Verify a backup',
    description: 'Read every byte of the backups, restore one into scratch, and compare',
    required: ['files'],
    options: {
      files: SHARED.files,
      envFile: SHARED.envFile,
      project: SHARED.project,
      lockFile: SHARED.lockFile,
      service: SHARED.keeper,
      list: { type: 'boolean', description: 'Only list the backups.', default: false },
      snapshot: SHARED.snapshot,
      at: SHARED.at,
    },
  },
  'care-restore': {
    title: 'Restore a service',
    description:
      'Put a backup in the place of database and folders, while nobody uses them; what was there is kept',
    required: ['files'],
    options: {
      files: SHARED.files,
      envFile: SHARED.envFile,
      project: SHARED.project,
      lockFile: SHARED.lockFile,
      service: {
        type: 'string',
        description: 'The service whose image restores, and that may write to the folders.',
        default: 'restore',
        examples: ['restore'],
      },
      snapshot: SHARED.snapshot,
      at: SHARED.at,
      confirm: {
        type: 'string',
        description: 'Name of the Compose project, to go on without being asked.',
        examples: ['shop'],
      },
      waitSeconds: SHARED.waitSeconds,
    },
  },
  'care-pip-list': {
    title: 'List Python packages',
    description: 'List the Python packages of a running container',
    required: ['files', 'service'],
    options: {
      files: SHARED.files,
      envFile: SHARED.envFile,
      project: SHARED.project,
      lockFile: SHARED.lockFile,
      service: SHARED.service,
      audit: {
        type: 'boolean',
        description: 'Ask the index for newer versions and known vulnerabilities.',
        default: true,
      },
      index: {
        type: 'string',
        description:
          "Where the index's JSON API is. Default: the host of the index that the container's pip uses.",
        examples: ['https://index.example'],
      },
      timeoutSeconds: {
        type: 'number',
        description: 'How long one answer of the index may take.',
        default: 10,
        minimum: 1,
        examples: [10],
      },
      json: SHARED.json,
    },
  },
  'compose-ls': {
    title: 'List Compose projects',
    description: 'List all Compose projects of the engine, whichever checkout started them',
    required: [],
    options: { json: SHARED.json },
  },
  'care-stats': {
    title: 'Show what containers use',
    description: "Show what this project's containers use",
    required: ['files'],
    options: {
      files: SHARED.files,
      envFile: SHARED.envFile,
      project: SHARED.project,
      lockFile: SHARED.lockFile,
      live: {
        type: 'boolean',
        description: 'Go on showing. Default: on a terminal.',
        examples: [false],
      },
      json: SHARED.json,
    },
  },
  'care-images': {
    title: 'Show the images',
    description: 'Show what each stage adds and what the engine holds',
    required: ['image', 'stages'],
    options: {
      image: SHARED.image,
      stages: SHARED.stages,
      lockFile: SHARED.lockFile3,
      json: SHARED.json,
    },
  },
  'care-health': {
    title: 'Check the services',
    description: 'Check each service and what it depends on',
    required: ['files', 'service'],
    options: {
      files: SHARED.files,
      envFile: SHARED.envFile,
      project: SHARED.project,
      lockFile: SHARED.lockFile,
      service: SHARED.service,
      path: {
        type: 'string',
        description: 'Path of the health endpoint on the first published port.',
        default: '/health',
        examples: ['/health'],
      },
      timeoutSeconds: {
        type: 'number',
        description: 'How long it may take to answer.',
        default: 5,
        minimum: 1,
        examples: [5],
      },
      json: SHARED.json,
    },
  },
  'care-prune': {
    title: 'Clean up',
    description: 'Show, and with --yes delete, what this project no longer needs; never a volume',
    required: ['files', 'image', 'stages'],
    options: {
      files: SHARED.files,
      envFile: SHARED.envFile,
      project: SHARED.project,
      lockFile: SHARED.lockFile,
      image: SHARED.image,
      stages: SHARED.stages,
      yes: { type: 'boolean', description: 'Delete it.', default: false },
      buildCache: {
        type: 'boolean',
        description: 'Also the build cache, which all projects of the engine share.',
        default: false,
      },
      olderThanHours: {
        type: 'number',
        description: 'Build cache that was used since stays.',
        default: 168,
        minimum: 0,
        examples: [24],
      },
    },
  },
  'care-doctor': {
    title: 'Find what is wrong',
    description: 'Find the causes of slow builds, failed builds and containers that do not start',
    required: ['files', 'service', 'dockerfile', 'context'],
    options: {
      files: SHARED.files,
      envFile: SHARED.envFile,
      project: SHARED.project,
      lockFile: SHARED.lockFile,
      dockerfile: SHARED.dockerfile,
      context: SHARED.context,
      builders: SHARED.builders,
      service: SHARED.service,
      json: SHARED.json,
      strict: { type: 'boolean', description: 'Fail on warnings, too.', default: false },
    },
  },
  'care-preflight': {
    title: 'Check a configuration for production',
    description: 'Check a Compose configuration against the rules for production',
    required: ['files', 'dockerfile', 'context', 'image'],
    options: {
      files: SHARED.files,
      envFile: SHARED.envFile,
      project: SHARED.project,
      lockFile: SHARED.lockFile,
      dockerfile: SHARED.dockerfile,
      context: SHARED.context,
      image: SHARED.image,
      except: {
        type: 'array',
        items: { type: 'string' },
        description: 'Rules to leave out, each with what it is about: rule:service.',
        examples: [['read-only-root:postgres']],
      },
      json: SHARED.json,
    },
  },
  'care-deploy': {
    title: 'Deploy to Docker Swarm or Kubernetes',
    description:
      'Deploy to Docker Swarm with rollback, or write Kubernetes manifests or a Helm chart',
    required: ['files', 'service'],
    options: {
      files: SHARED.files,
      envFile: SHARED.envFile,
      project: SHARED.project,
      lockFile: SHARED.lockFile,
      service: SHARED.service,
      to: {
        type: 'string',
        enum: ['swarm', 'kubernetes', 'helm'],
        default: 'swarm',
        description:
          'Where to: a swarm whose manager the engine is, a file of Kubernetes manifests, or a Helm chart that gives the same.',
      },
      repository: {
        type: 'string',
        description:
          "Where other machines find the image, without a tag. Default: NX_STAGES_REGISTRY and the image's name, else the name that it has here.",
        examples: ['registry.example.com/team/backend'],
      },
      migrate: {
        type: 'array',
        items: { type: 'string' },
        description: 'Command that migrates the database, run before the service is replaced.',
        examples: [['alembic', 'upgrade', 'head']],
      },
      migrated: {
        type: 'array',
        items: { type: 'string' },
        description:
          'Command that ends with 0 once the database is migrated: on Kubernetes, pods of the image wait for it.',
        examples: [['alembic', 'current', '--check-heads']],
      },
      migrationService: SHARED.migrationService,
      verifyKey: {
        type: 'string',
        description:
          'Deploy the image only if this public key has signed it and its provenance; asked of its registry with cosign, before anything is replaced.',
        examples: ['docker/cosign.pub'],
      },
      verifyIdentity: {
        type: 'string',
        description: 'The same of whoever signed without a key: the address of the workflow.',
        examples: ['https://github.com/acme/shop/.github/workflows/ci.yaml@refs/heads/main'],
      },
      verifyIssuer: {
        type: 'string',
        description: 'Who vouches for verifyIdentity.',
        examples: ['https://token.actions.githubusercontent.com', 'https://gitlab.com'],
      },
      dryRun: {
        type: 'boolean',
        default: false,
        description: 'Print what would be deployed, without its secrets, and do nothing.',
      },
      output: {
        type: 'string',
        description:
          'Write it to this file, relative to the workspace, instead of deploying it; a chart to this folder.',
        examples: ['dist/deploy/stack.yaml'],
      },
      volumeSize: {
        type: 'string',
        default: '10Gi',
        description: 'Size of each volume, for Kubernetes.',
      },
      sharedStorageClass: {
        type: 'string',
        description:
          "Storage class of the volumes that several pods mount, for Kubernetes: it has to offer ReadWriteMany. Default: the cluster's own.",
        examples: ['nfs'],
      },
      waitSeconds: {
        type: 'number',
        default: 300,
        minimum: 1,
        description: 'How long the services may take until they are there, in seconds.',
        examples: [120],
      },
    },
  },
};
