import { describe, expect, test } from 'vitest';
import { environmentViolations, logViolations } from './log-rules.ts';
import { parseSource, readSources } from './source-file.ts';

const sources = await readSources();

describe('this repository', () => {
  test('every log call has fields and one constant message', () => {
    expect(sources.flatMap(logViolations)).toEqual([]);
  });

  test('the environment is read where programs start', () => {
    expect(sources.flatMap(environmentViolations)).toEqual([]);
  });
});

describe('the rule on log calls', () => {
  const NOT_CONSTANT = 'agent/a.ts:1 logs a message that is not one constant text';
  const NO_FIELDS = 'agent/a.ts:1 logs without fields: the object comes first, the message second';
  const HOLE = ['$', '{jobId}'].join('');
  const cases: [text: string, violations: string[]][] = [
    ["log.info({ jobId }, 'job started');", []],
    ["this.logger.error({ err }, 'failed');", []],
    ["context.log.warn({}, 'slow');", []],
    ["executionLog.info({}, 'started');", []],
    ["console.log('x'); catalog.info(`x`); event.error(`y`);", []],
    ['const f = (fields, message) => log.info(fields, message);', []],
    ["const f = (fields, message) => log.info(fields, message + '!');", [NOT_CONSTANT]],
    [`log.info({}, \`job ${HOLE} started\`);`, [NOT_CONSTANT]],
    ["log.info({}, 'job ' + jobId);", [NOT_CONSTANT]],
    ['options.log.debug({}, message);', [NOT_CONSTANT]],
    ['log.error(error);', [NOT_CONSTANT]],
    ["log.info('started');", [NO_FIELDS]],
    [`log.info(\`started ${HOLE}\`);`, [NO_FIELDS]],
    ["jobLog?.info('a' + b);", [NO_FIELDS]],
  ];
  for (const [text, violations] of cases) {
    test(`${text} ${violations.length === 0 ? 'passes' : 'is told'}`, () => {
      expect(logViolations(parseSource('agent/a.ts', text))).toEqual(violations);
    });
  }
});

describe('the rule on the environment', () => {
  const forms = [
    'const x = process.env.HOME;',
    "const x = process['env'];",
    'const { env } = process;',
    "import { env } from 'node:process';",
  ];
  for (const form of forms) {
    test(`${form} is told outside, and passes in the configuration`, () => {
      expect(environmentViolations(parseSource('agent/jobs/a.ts', form))).toEqual([
        'agent/jobs/a.ts:1 reads process.env',
      ]);
      expect(environmentViolations(parseSource('agent/config/a.ts', form))).toEqual([]);
    });
  }

  test('an environment that is handed over is none', () => {
    expect(environmentViolations(parseSource('agent/jobs/a.ts', 'const x = spec.env; const { env } = spec;'))).toEqual(
      [],
    );
  });
});
