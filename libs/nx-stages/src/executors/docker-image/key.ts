/**
 * Begins the key of a load that has nothing to do. No digest is in it: the engine was asked just now
 * whether it has the image, and what is kept under the key is no more than a line that says so.
 */
export const WAS_THERE = 'present-';
