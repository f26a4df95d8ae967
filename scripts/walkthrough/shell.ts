import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

/** A shell whose commands are shown with what they printed. */
export class Shell {
  readonly #variables: Record<string, string>;

  constructor(variables: Readonly<Record<string, string>>) {
    this.#variables = { ...variables };
  }

  set(name: string, value: string): void {
    this.#variables[name] = value;
  }

  /** Runs one command after another; a status other than 0 is shown, not thrown. */
  async show(...commands: readonly string[]): Promise<string> {
    const shown: string[] = [];
    for (const command of commands) shown.push(`$ ${command}`, await this.output(command));
    return shown.filter((text) => text !== '').join('\n');
  }

  /** What a command prints on both streams, without the last line feed. */
  async output(command: string): Promise<string> {
    const run = promisify(execFile)('sh', ['-c', `exec 2>&1; ${command}`], { env: this.environment(), timeout: 60_000 });
    const { stdout } = await run.catch((error: { stdout: string }) => error);
    return stdout.trimEnd();
  }

  environment(): Record<string, string> {
    const { PATH: path = '' } = process.env;
    return { ...this.#variables, PATH: `${this.#variables['W']}/bin:${path}:/usr/sbin:/sbin`, LC_ALL: 'C' };
  }
}
