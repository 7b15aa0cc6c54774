/** What one machine does between two times at which it looks at others, or others at it. */
export interface ShardStep {
  /** Of other shards: through before this begins. */
  waitsFor: string[];
  /** In the order in which they are thought to run. */
  tasks: string[];
  /** Those of `tasks` that other shards wait for. */
  handsOn: string[];
}
