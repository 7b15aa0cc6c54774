import { keyOfNothing } from '@excel2doc/stages';
import { failWith } from '../../run/show-live';
import { hasher, type Key } from '../hasher';

const never = async (): Promise<Key> => ({ key: keyOfNothing(), isKept: false });

/** Nothing of it is kept. It is here for Nx's own process, which ends as the watcher did. */
export default hasher(async (task, context) => {
  const answer = await never();
  await failWith(context.root, task, answer.key);
  return answer;
}, never);
