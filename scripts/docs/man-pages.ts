/** The manual pages, from what `--help` prints, the settings and the exit codes. */
import { COMMANDS } from '../../agent/cli/commands.ts';
import { DEFAULT_CONFIG_FILE, HANDLER_HOST, USAGE } from '../../agent/cli/usage.ts';
import { usageOf } from '../../agent/cli/usage-of.ts';
import { SETTINGS, type Setting } from '../../agent/config/setting.ts';
import { parseHelp } from './help-text.ts';
import { readRepositoryFile } from './repository-files.ts';
import { roff, roffEntry, roffLiteral, roffOfMarkdown } from './roff.ts';

const DOCS = '/usr/share/doc/iot-job-agent';

/** job-agent(1). */
export function renderProgramManual(): string {
  const { paragraphs, lists, exitStatus } = parseHelp(USAGE);
  const options = lists.find(({ title }) => title === 'Options')?.entries ?? [];
  return [
    head('JOB-AGENT', '1'),
    '.SH NAME\njob\\-agent \\- agent for AWS IoT Jobs on a gateway, and its command line\n',
    `.SH SYNOPSIS\n${parseHelp(USAGE).synopsis.map(synopsisOf).join('.br\n')}`,
    `.SH DESCRIPTION
The agent takes the jobs of its thing from AWS IoT Core over MQTT, runs a handler for each job document, and reports progress
and one final status. What it does is on disk before it is done: a power cut, a dead link or a restart loses no result
and runs nothing twice. systemd starts it as
.BR iot\\-job\\-agent.service .
The other commands look at it, check its configuration, and try job documents and handlers.
`,
    `.SH OPTIONS\n${options.map(({ tag, text }) => roffEntry(tag, roff(text))).join('')}`,
    '.SH COMMANDS\n',
    ...commandNames().map(renderCommand),
    `.SH EXIT STATUS\n${exitCodesOf(exitStatus)}`,
    `.SH ENVIRONMENT\n${paragraphs.map((text) => `${roff(text)}\n`).join('')}The names are in
.BR job\\-agent\\-config (5).
`,
    renderFiles(),
    `.SH SEE ALSO
.BR job\\-agent\\-config (5),
.BR journalctl (1),
.BR systemctl (1)
.PP
The guides: ${roff(DOCS)}, beginning with README.md.
`,
  ].join('');
}

/** job-agent-config(5). */
export function renderConfigManual(): string {
  const required = SETTINGS.filter(({ required }) => required).map(({ name }) => `\\fB${roff(name)}\\fR`);
  return [
    head('JOB-AGENT-CONFIG', '5'),
    '.SH NAME\njob\\-agent\\-config \\- settings of job\\-agent\n',
    `.SH SYNOPSIS\n.I ${roff(DEFAULT_CONFIG_FILE)}\n`,
    `.SH DESCRIPTION
A JSON object. ${required.join(', ')} are required, everything else may be left out; a name that is not known is a mistake.
Relative paths count from the folder of the file.
.PP
Each setting can also come from the environment, which wins: numbers as digits, lists with commas or as JSON. The
agent reads all of it when it starts.
.BR "job\\-agent config"
lists every mistake at once, and prints what is in force.
`,
    `.SH SETTINGS\n${SETTINGS.map(renderSetting).join('')}`,
    `.SH EXAMPLE\n${roffLiteral(exampleConfig())}`,
    '.SH SEE ALSO\n.BR job\\-agent (1)\n',
  ].join('');
}

function head(title: string, section: string): string {
  const { version } = JSON.parse(readRepositoryFile('package.json') ?? '{}') as { readonly version?: string };
  return `.\\" Made by \`npm run docs\`.\n.TH ${title} ${section} "" "iot\\-job\\-agent ${version ?? ''}" "iot\\-job\\-agent"\n`;
}

function commandNames(): readonly string[] {
  return Object.keys(COMMANDS).filter((name) => name !== HANDLER_HOST);
}

function renderCommand(name: string): string {
  const help = parseHelp(usageOf(name));
  return [
    `.SS job\\-agent ${roff(name)}\n`,
    help.synopsis.map(synopsisOf).join('.br\n'),
    ...help.paragraphs.map((text) => `.PP\n${roff(text)}\n`),
    ...help.lists.flatMap(({ entries }) => entries.map(({ tag, text }) => roffEntry(tag, roff(text)))),
    ...(help.examples.length === 0 ? [] : [roffLiteral(help.examples)]),
    `.PP\nExit status: ${roff(help.exitStatus)}\n`,
  ].join('');
}

function synopsisOf(line: string): string {
  return `${roff(line).replace(/^job\\-agent(?: [a-z]+)*/, '\\fB$&\\fR')}\n`;
}

/** `0 done, 1 failed, …. And a sentence.`, as a list. */
function exitCodesOf(exitStatus: string): string {
  const [codes = ''] = exitStatus.split('.');
  const entries = codes.split(', ').map((entry) => /^(\d+) (.+)$/.exec(entry));
  return `${entries.map((entry) => roffEntry(entry?.[1] ?? '', roff(entry?.[2] ?? ''))).join('')}`;
}

function renderFiles(): string {
  const folder = (name: string) => String(SETTINGS.find((setting) => setting.name === name)?.byDefault);
  const files = [
    [DEFAULT_CONFIG_FILE, 'the settings'],
    [folder('handlersDir'), 'handlers of your own'],
    [folder('stateDir'), 'what must survive a restart: the journal, folders of running jobs, histories'],
    [`${folder('runtimeDir')}/agent.sock`, 'where \\fBstatus\\fR and \\fBhealth\\fR ask the running agent'],
  ];
  return `.SH FILES\n${files.map(([path = '', text = '']) => `.TP\n.I ${roff(path)}\n${text}\n`).join('')}`;
}

function renderSetting({ name, description, expected, isPath, kind, environmentName, ...rest }: Setting): string {
  const accepted = isPath ? (kind === 'list' ? 'a list of paths' : 'a path') : expected;
  const { required, defaultsTo, byDefault } = rest;
  const byDefaultText = required
    ? 'Required'
    : `Default: ${defaultsTo === undefined ? roff(byDefault === '' ? 'none' : JSON.stringify(byDefault)) : `as \\fB${roff(defaultsTo)}\\fR`}`;
  return `.TP\n.B ${roff(name)}\n${roffOfMarkdown(description)}\n.IP\nAccepted: ${roff(accepted)}. ${byDefaultText}. In the environment: ${roff(environmentName)}.\n`;
}

/** What must be set. */
function exampleConfig(): readonly string[] {
  const entries = SETTINGS.filter(({ required }) => required).map(({ name, example }) => [name, example]);
  return JSON.stringify(Object.fromEntries(entries), null, 2).split('\n');
}
