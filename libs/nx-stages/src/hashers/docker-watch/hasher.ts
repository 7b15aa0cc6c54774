import { failWith } from '../../run/show-live';
import { hasherOfNone } from '../hasher';

/** Nx's own process ends as the watcher did. */
export default hasherOfNone(failWith);
