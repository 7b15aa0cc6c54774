/** The side of a password that keeps it: how a server is brought from one value to another. */
export interface Side {
  /** The service that it is. */
  service: string;
  /** The variable in the file with the values. */
  variable: string;
  /** Whether the server lets somebody in with this value now. */
  accepts(password: string): Promise<boolean>;
  /** Has the server take `next` too; may be done again. */
  open(next: string): Promise<void>;
  /** What those who use it are given while both are taken. */
  meanwhile(next: string): Record<string, string>;
  /** What has to stand in the environment of each of them then. */
  seen(next: string): string[];
  /** Has the value be the one that counts from now on; may be done again. */
  settle(next: string): Promise<void>;
  /** Has the server take nothing but it, when all who use it have it; may be done again. */
  close(): Promise<void>;
  /** Has the server take the old value again, besides; what users have now goes on. */
  reopen(old: string): Promise<void>;
  /** Has it take nothing but that, when all who use it have it again. */
  goBack(old: string): Promise<void>;
  /** What somebody should know afterwards. */
  note?: string;
}
