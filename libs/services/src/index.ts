export { isFree } from './compose/ports';
export { endpointHealth, type HealthRow, serviceHealth } from './care/health';
export {
  askIndex,
  type IndexAnswer,
  type Package,
  parsePackages,
  unknownLines,
} from './care/packages';
export { planPrune, type PrunableImage } from './care/prune';
export { recordSize } from './care/trend';
export { changedSince } from './compose/age';
export { replaceBeside, replacedBeside } from './compose/beside';
export { changedFiles, checkChanged, sayReplaced, sayWritten } from './compose/changed-files';
export { type Container, inspectContainers, projectContainers } from './compose/container';
export { execIn } from './compose/exec';
export { ailments, waitUntilHealthy } from './compose/health';
export { checkPorts } from './compose/ports';
export { asBroughtUp, forgetUp, type LastUp, rememberUp } from './compose/last-up';
export { listProjects } from './compose/list';
export {
  type ComposeOptions,
  openCompose,
  type OpenedCompose,
  startDependencies,
} from './compose/project';
export { pullMissing } from './compose/pull';
export { servicesOfImage } from './compose/image-services';
export { idsOfImage, putFiles, whyNotPut } from './compose/put-files';
export {
  isKept,
  keepRunning,
  notHealthy,
  type Replacement,
  runningContainers,
  short,
  showLogs,
  tryOut,
  wouldReplace,
} from './compose/replace';
export { rollBack } from './compose/roll-back';
export { loadForService } from './compose/stage-image';
export { debugCommand, reloadCommand, savedSince, syncRules, watchOverride } from './compose/watch';
export { keepNewest, latestBackup } from './database/backup-file';
export { backUp, restore } from './database/backup';
export { migrate, type Migrated } from './database/migrate';
export { Migrations } from './database/migrations';
export { type DatabaseOptions, openDatabase, type OpenedDatabase } from './database/open';
export { headline } from './database/schema';
export { checkPassword } from './database/password';
export { readRevisions } from './database/schema-state';
export { Server } from './database/server';
export { setUp, setUpScript } from './database/set-up';
export { clientCommand, databaseService, databasesOf } from './database/service';
export { afterRefusal, type BreakingPolicy, checkAhead } from './database/step-ahead';
export { gatherDeployment } from './deploy/gather';
export { type HelmChart, helmChart } from './deploy/helm/chart';
export { writeChart } from './deploy/helm/write';
export { kubernetesManifests, manifestText } from './deploy/kubernetes/manifests';
export { sharedVolumes } from './deploy/kubernetes/volumes';
export { type DeploySubject, masked } from './deploy/model';
export { migrationJob, swarmStack } from './deploy/stack';
export { Swarm } from './deploy/swarm';
export { findings } from './doctor/checks';
export { dependencyFindings } from './doctor/dependencies';
export { CAUSE_IDS, diagnose } from './doctor/diagnose';
export { gatherFacts } from './doctor/gather';
export { isAtLeast, isHealthCheck, type Level, readableLine } from './logs/readable';
export { gatherPreflight } from './preflight/gather';
export { breaches, RULES } from './preflight/rules';
export { Keeper, type KeeperOptions, type Wanted, wantedArguments } from './service-backup/keeper';
export { completeValues } from './environment-file/complete';
export { rotateSecret, type RotateOptions } from './rotate/secret';
export { type Making, provenance } from './signing/provenance';
export { type Attestation, attest, type Signer, signImage, signerOf } from './signing/signer';
export { trustedOf, verifiedImage, type VerifyOptions } from './signing/verify';
