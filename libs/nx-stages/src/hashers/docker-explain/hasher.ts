import { showAtEnd } from '../../run/show-live';
import { hasherOfNone } from '../hasher';

/** Nx's own process shows what is said where Nx would not. */
export default hasherOfNone(showAtEnd);
