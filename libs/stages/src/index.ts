export { Bases, type LocalImage } from './bases/bases';
export { baseReferences, inRegistries, lockText, unlocked, changeLock } from './bases/lock';
export { freshen } from './bases/freshen';
export { lockedText, lockImage } from './bases/lock-image';
export { baseImages, withHealing } from './build/healing';
export { imageIsThere, loadedName, wasLoadedSince } from './build/image-is-there';
export { loadImage, type LoadStart, startLoad } from './build/load-image';
export { loadStage, loadStandIn } from './build/load';
export { makeStage, type StageToMake } from './build/make-stage';
export { type LastBuild, readLastBuild, type StepTime } from './build/last-build';
export { isLive } from './build/progress';
export { Outputs } from './build/outputs';
export { type OwnFiles, pathsToPut, readOwnFiles, tarOf } from './build/own-files';
export { stageDigest } from './build/digest-on-push';
export { joinParts, type PushedPart, type PushedStage, pushParts, pushStage } from './build/push';
export { readBuildTime } from './build/time';
export { type UsedImage, usedImages } from './build/used-images';
export { loadedText, pushedText, thereText, type Transfer, transferOf } from './build/transfer';
export { checkNames, type NamedImage } from './names/check';
export { type Declared, declaredInMetadata, declaredOf, type Describing } from './names/describing';
export {
  checkDescription,
  description,
  type Description,
  followsCommit,
  unplaced,
} from './names/description';
export { fixedTags } from './names/fixed-tags';
export { listed } from './names/listed';
export { type Naming } from './names/naming';
export { readFacts } from './names/read-facts';
export { type ImageToLoad, imageTag, imageTags, namedTags } from './names/tags';
export { parseTemplates } from './names/template';
export { releasedVersion } from './names/released-version';
export { validRepository } from './names/valid';
export { explainStages, readBuiltPlan, type StageExplanation } from './plan/explain';
export { isStageKey, keyOfNothing, stageKey } from './plan/key';
export { type KeyedPlan, makePlans } from './plan/make';
export { otherModesText } from './plan/modes';
export { leftOutOf } from './plan/own-outputs';
export { readPlan } from './plan/read';
export { planNotes, writePlans } from './plan/write';
export {
  type SaidOptions,
  type SecretOption,
  type SecretOptions,
} from './workspace/secret-options';
export { remoteCache } from './build/layer-place';
export { keepAnswers } from './secrets/once';
export { checkSecrets, type StageSecret } from './secrets/state';
export {
  type PlannedShard,
  planShards,
  type ShardPlan,
  type ShardSettings,
} from './shards/plan-shards';
export { play } from './shards/play';
export { type ShardStep } from './shards/shard-step';
export { lowestMs, type ShardTask } from './shards/shard-task';
export { type Builders, buildersFor, saidOf } from './workspace/builders';
export { hasRuns, runPlatform } from './plan/run-platform';
export { commandArguments } from './workspace/arguments';
export { argsInMetadata, declaredArgs, mergedArgs } from './workspace/build-args';
export { checkedOutCommit, commitForTags } from './workspace/commit';
export { confirmByName } from './workspace/confirm';
export { type DockerOptions } from './workspace/docker-options';
export { DockerProject } from './workspace/docker-project';
export { failureLine } from './workspace/failure';
export { StagesError } from './workspace/fault';
export { GitFiles } from './workspace/git-files';
export { type Finding, formatFinding, languageOf, type Text } from './workspace/finding';
export { type PluginOptions, type ResolvedOptions, resolveOptions } from './workspace/options';
export {
  dockerTarget,
  homeOf,
  outputRoot,
  planFolder,
  platformFolder,
  stageFolder,
  stageTarget,
} from './workspace/paths';
export {
  contextFolders,
  contextsInMetadata,
  type NamedContext,
  type NamedContexts,
  namedContexts,
} from './workspace/named-contexts';
export { imagesInMetadata, type ProjectImage, projectImages } from './workspace/project-image';
export { enginePlatform } from './workspace/platform';
export { runNx, runTarget, runTargets, askNx } from './workspace/run-nx';
export { printTable } from './workspace/table';
export { demandedVariables } from './workspace/text';
export { parseUsage } from './workspace/usage';
export { type WorkspaceImage, type WorkspaceProject } from './workspace/workspace-project';
