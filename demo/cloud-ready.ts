/** What `job-cloud` says when it is ready, and the key pair it points to. */
import { readFile } from 'node:fs/promises';

/** What `job-cloud` prints when everything listens. */
export interface CloudReady {
  readonly mqttPort: number;
  readonly httpPort: number;
  /** With its token: whoever has it may do everything. */
  readonly consoleUrl: string;
  readonly caPath: string;
  readonly credentialsPath: string;
  readonly things: Readonly<Record<string, { readonly configPath: string; readonly thingArn: string }>>;
}

/** The `[default]` profile of an AWS shared-credentials file. */
export async function readSharedCredentials(path: string) {
  const text = await readFile(path, 'utf8');
  const value = (name: string) => new RegExp(`^${name}\\s*=\\s*(\\S+)`, 'm').exec(text)?.[1] ?? '';
  return { accessKeyId: value('aws_access_key_id'), secretAccessKey: value('aws_secret_access_key') };
}
