export { DockerfileError } from './error';
export type { DockerfileErrorCode, Position } from './error';
export { parseDockerfile } from './dockerfile';
export type { Dockerfile, Stage } from './dockerfile';
export type { Instruction, InstructionOf } from './instruction/instruction';
export { mountFields } from './instruction/mount';
export { hiddenPaths } from './ignore/hidden';
export { type Keyword, similarTo } from './instruction/keyword';
export { readStages } from './stages';
export type { ReadStagesOptions, StageSummary } from './stages';
export { declaredSettings } from './settings';
export type { DeclaredSettings, ExposedPort } from './settings';
export { PLAN_FORMAT } from './plan';
export type {
  LockedImage,
  PlanFile,
  PlanInstruction,
  Reason,
  StageBase,
  StageOutput,
  StagePlan,
  StagePlanFile,
} from './plan';
export { ruleSetOf, ruleSets } from './rules';
export type { RuleSet } from './rules';
export { serialisePlan } from './serialise';
export type { BaseFacts, BaseInput } from './stage/base';
export { machinePlatform, normalPlatform } from './stage/platform';
export { familiarReference } from './stage/reference';
export { planStages, planStagesAsking } from './plan/plan-stages';
export { privateMounts } from './plan/private-mounts';
export type { PrivateMount, PrivateMounts } from './plan/private-mounts';
export type { PlanOptions } from './plan/plan-stages';
export { differenceText, explainDifference } from './explain';
export type { Difference } from './explain';
export { mermaidGraph, svgGraph } from './draw';
export type { GraphStage, StageState } from './draw';
export { resolveInstructions } from './plan/resolve';
export type { ResolvedInstruction, ResolvedRun } from './instruction/resolved';
