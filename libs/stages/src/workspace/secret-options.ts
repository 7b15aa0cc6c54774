/** Where a secret's value is taken from, as the options of a target say it. */
export type SecretOption =
  /** In BuildKit's form: `id=npm,env=NPM_TOKEN`, `id=netrc,src=~/.netrc`. */
  | string
  | {
      id: string;
      /** The variable that holds it. */
      env?: string;
      /** The file that holds it, relative to the workspace. */
      src?: string;
      /** What prints it: a program with its arguments, or with `shell` a line for a shell. */
      command?: string[] | string;
      shell?: boolean;
    };

export type SecretVersion = string | number | Record<string, string | number>;

/** What options say of secrets, wherever they stand. */
export interface SecretOptions {
  secrets?: readonly SecretOption[];
  /** In BuildKit's form: `default`, `github=~/.ssh/id_ed25519`. */
  ssh?: readonly string[];
  /** Part of the keys of the stages that mount a secret: of all, or by id. */
  secretVersion?: SecretVersion;
}

/** Options, and who says them, for messages. */
export interface SaidOptions {
  options: SecretOptions;
  /** `nx.json`, `docker/compose.yaml, api`, `the target docker-plan` */
  by: string;
}
