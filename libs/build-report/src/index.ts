export { ageText, type BaseAge } from './audit/age';
export { auditImage } from './audit/audit';
export { AUDIT_RULES, requiredNames } from './audit/rules';
export { keepRun, readRuns, runsFolder } from './history';
export { reportPage } from './page/page';
export { type FinishedRun, imagesOf, recordOf } from './record';
export { type FinalImage, reportOf } from './report';
export { reportUrl, summaryMarkdown } from './summary';
