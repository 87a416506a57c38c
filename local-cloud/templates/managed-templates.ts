/**
 * The job templates that AWS provides: the eight of the Developer Guide, "Use AWS managed templates to deploy common remote
 * operations", with the texts of "Create a job from AWS managed templates by using the AWS CLI". That page shows the
 * parameters of AWS-Download-File in full; `regex` and `example` of `packages`, `services` and `command` follow its form.
 */
import type { JsonObject } from '../../agent/core/json.ts';
import { REGION } from '../jobs-service/state.ts';

export interface DocumentParameter {
  readonly key: string;
  readonly description: string;
  /** The whole value must match. */
  readonly regex: string;
  readonly example: string;
  readonly optional: boolean;
}

export interface ManagedTemplate {
  readonly templateName: string;
  readonly templateArn: string;
  readonly templateVersion: string;
  readonly description: string;
  readonly environments: readonly string[];
  readonly documentParameters: readonly DocumentParameter[];
  /** JSON with `${aws:iot:parameter:NAME}` for every parameter. */
  readonly document: string;
}

const VERSION = '1.0';
const ANYTHING = '(.*?)';

const RUN_AS_USER: DocumentParameter = {
  key: 'runAsUser',
  description:
    'Execute handler as another user. If not specified, then handler is executed as the same user as device client.',
  regex: '(.){0,256}',
  example: 'user1',
  optional: true,
};

const PATH_TO_HANDLER: DocumentParameter = {
  key: 'pathToHandler',
  description:
    'Path to handler on the device. If not specified, then device client will use the current working directory.',
  regex: '(.){0,4096}',
  example: '/path/to/handler/script',
  optional: true,
};

const DOWNLOAD_URL = required('downloadUrl', 'URL of file to download.', 'http://www.example.com/index.html');
const FILE_PATH = required('filePath', 'Path on the device where downloaded file is written.', '/path/to/file');

/** In the order in which they are listed. */
export const MANAGED_TEMPLATES: readonly ManagedTemplate[] = [
  runHandler('AWS-Reboot', 'rebooting the device', { handler: 'reboot.sh', parameters: [] }),
  runHandler('AWS-Download-File', 'downloading a file', {
    handler: 'download-file.sh',
    parameters: [DOWNLOAD_URL, FILE_PATH],
  }),
  runHandler('AWS-Install-Application', 'installing one or more applications', {
    handler: 'install-packages.sh',
    parameters: [packages('installed')],
  }),
  runHandler('AWS-Remove-Application', 'uninstalling one or more applications', {
    handler: 'remove-packages.sh',
    parameters: [packages('uninstalled')],
  }),
  runHandler('AWS-Start-Application', 'starting one or more system services', {
    handler: 'start-services.sh',
    parameters: [services('started')],
  }),
  runHandler('AWS-Stop-Application', 'stopping one or more system services', {
    handler: 'stop-services.sh',
    parameters: [services('stopped')],
  }),
  runHandler('AWS-Restart-Application', 'restarting one or more system services', {
    handler: 'restart-services.sh',
    parameters: [services('restarted')],
  }),
  runCommand(),
];

function runHandler(
  templateName: string,
  purpose: string,
  step: { readonly handler: string; readonly parameters: readonly DocumentParameter[] },
): ManagedTemplate {
  const { handler, parameters } = step;
  const args = parameters.map(({ key }) => placeholder(key));
  const input = { handler, ...(args.length > 0 && { args }), path: placeholder('pathToHandler') };
  return template(templateName, purpose, {
    documentParameters: [...parameters, RUN_AS_USER, PATH_TO_HANDLER],
    action: { name: templateName.replace('AWS-', ''), type: 'runHandler', input },
  });
}

/** It has no path: there is no handler to be found. */
function runCommand(): ManagedTemplate {
  const description = 'A comma separated string of command. Any comma contained in the command itself must be escaped.';
  return template('AWS-Run-Command', 'running a shell command', {
    documentParameters: [required('command', description, 'echo,hello\\, world'), RUN_AS_USER],
    action: { name: 'Run-Command', type: 'runCommand', input: { command: placeholder('command') } },
  });
}

function template(
  templateName: string,
  purpose: string,
  content: { readonly documentParameters: readonly DocumentParameter[]; readonly action: JsonObject },
): ManagedTemplate {
  const action = { ...content.action, runAsUser: placeholder('runAsUser') };
  return {
    templateName,
    templateArn: `arn:aws:iot:${REGION}::jobtemplate/${templateName}:${VERSION}`,
    templateVersion: VERSION,
    description: `A managed job template for ${purpose}.`,
    environments: ['LINUX'],
    documentParameters: content.documentParameters,
    document: JSON.stringify({ version: '1.0', steps: [{ action }] }),
  };
}

function required(key: string, description: string, example: string): DocumentParameter {
  return { key, description, regex: ANYTHING, example, optional: false };
}

function packages(what: string): DocumentParameter {
  return required('packages', `A space-separated list of one or more applications to be ${what}.`, 'package1 package2');
}

function services(what: string): DocumentParameter {
  return required('services', `A space-separated list of one or more applications to be ${what}.`, 'service1 service2');
}

function placeholder(key: string): string {
  return `\${aws:iot:parameter:${key}}`;
}
