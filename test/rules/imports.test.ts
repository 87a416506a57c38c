import { describe, expect, test } from 'vitest';
import { cycleViolations, importViolations, impurityViolations } from './import-rules.ts';
import { parseSource, readSources } from './source-file.ts';

const sources = await readSources();

function from(path: string, text: string) {
  return importViolations([parseSource(path, text)]);
}

describe('this repository', () => {
  test('sources were found', () => {
    expect(sources.length).toBeGreaterThan(50);
  });

  test('no source imports what its folder must not', () => {
    expect(importViolations(sources)).toEqual([]);
  });

  test('no imports go in circles', () => {
    expect(cycleViolations(sources)).toEqual([]);
  });

  test('core and protocol know no time, chance or machine', () => {
    expect(impurityViolations(sources)).toEqual([]);
  });
});

describe('the rule on imports', () => {
  const forbidden: [path: string, text: string, target: string][] = [
    ['agent/core/a.ts', "import { x } from '../jobs/b.ts';", 'agent/jobs/b.ts'],
    ['agent/core/a.ts', "import { readFile } from 'node:fs';", 'node:fs'],
    ['agent/core/a.ts', "import type { Static } from 'typebox';", 'typebox (type)'],
    ['agent/core/a.ts', "const x = await import('../ports/b.ts');", 'agent/ports/b.ts'],
    ['agent/core/a.ts', "export { x } from '../config/b.ts';", 'agent/config/b.ts'],
    ['agent/core/a.ts', "export * from '../log.ts';", 'agent/log.ts'],
    ['agent/core/a.ts', "type X = import('../ports/b.ts').X;", 'agent/ports/b.ts (type)'],
    ['agent/protocol/a.ts', "import type { B } from '../ports/b.ts';", 'agent/ports/b.ts (type)'],
    ['agent/ports/a.ts', "import { isTerminal } from '../core/b.ts';", 'agent/core/b.ts'],
    ['agent/jobs/a.ts', "import { b } from '../adapters/clock/b.ts';", 'agent/adapters/clock/b.ts'],
    ['agent/jobs/a.ts', "import { b } from '../runs/run-folder.ts';", 'agent/runs/run-folder.ts'],
    ['agent/jobs/a.ts', "import { b } from '../runs/step-runner.ts';", 'agent/runs/step-runner.ts'],
    ['agent/runs/a.ts', "import type { B } from '../jobs/b.ts';", 'agent/jobs/b.ts (type)'],
    ['agent/runs/a.ts', "import { b } from '../protocol/b.ts';", 'agent/protocol/b.ts'],
    ['agent/jobs/a.ts', "import { pino } from 'pino';", 'pino'],
    ['agent/jobs/a.ts', "import type { X } from 'pino-pretty';", 'pino-pretty (type)'],
    ['agent/adapters/clock/a.ts', "import type { B } from '../../jobs/b.ts';", 'agent/jobs/b.ts (type)'],
    ['agent/config/a.ts', "import { b } from '../jobs/b.ts';", 'agent/jobs/b.ts'],
    ['agent/jobs/a.ts', "import { startAgent } from '../agent.ts';", 'agent/agent.ts'],
    ['agent/cli/status.ts', "import { startAgent } from '../agent.ts';", 'agent/agent.ts'],
    ['handlers/reboot/handler.ts', "import { b } from '../download-file/b.ts';", 'handlers/download-file/b.ts'],
    ['handlers/reboot/handler.ts', "import { b } from '../reboot-now/b.ts';", 'handlers/reboot-now/b.ts'],
    ['handlers/reboot/handler.ts', "import { b } from '../../agent/core/b.ts';", 'agent/core/b.ts'],
    ['handlers/reboot/handler.ts', "import { Type } from 'typebox';", 'typebox'],
    ['local-cloud/a.ts', "import type { B } from '../agent/jobs/b.ts';", 'agent/jobs/b.ts (type)'],
    [
      'local-cloud/console/page/a.ts',
      "import { b } from '../serve-console.ts';",
      'local-cloud/console/serve-console.ts',
    ],
    ['local-cloud/console/page/a.ts', "import { readFile } from 'node:fs';", 'node:fs'],
    ['local-cloud/a.ts', "import { decide } from '../agent/core/decide.ts';", 'agent/core/decide.ts'],
  ];
  for (const [path, text, target] of forbidden) {
    test(`${path} must not import ${target}`, () => {
      expect(from(path, text)).toEqual([`${path} must not import ${target}`]);
    });
  }

  const allowed: [path: string, text: string][] = [
    ['agent/core/a.ts', "import { b } from './b.ts';"],
    ['agent/protocol/a.ts', "import { b } from '../core/b.ts';"],
    ['agent/ports/a.ts', "import { type B, type C } from '../core/b.ts';"],
    ['agent/jobs/a.ts', "import type { Logger } from 'pino'; import { b } from '../ports/b.ts';"],
    ['agent/jobs/a.ts', "import type { B } from '../runs/step-runner.ts';"],
    ['agent/runs/a.ts', "import { b } from '../files/b.ts'; import { c } from '../handler-api.ts';"],
    ['agent/config/a.ts', "import { b } from '../files/b.ts';"],
    ['agent/main.ts', "import { startAgent } from './agent.ts'; import process from 'node:process';"],
    [
      'handlers/reboot/handler.ts',
      "import { p } from './parameters.ts'; import { Type } from '../../agent/handler-api.ts';",
    ],
    [
      'local-cloud/console/page/a.ts',
      "import { b } from './b.ts'; import { isTerminal } from '../../../agent/core/job-execution.ts';",
    ],
    ['local-cloud/a.ts', "import aedes from 'aedes'; import type { B } from '../agent/protocol/b.ts';"],
  ];
  for (const [path, text] of allowed) {
    test(`${path} may: ${text}`, () => {
      expect(from(path, text)).toEqual([]);
    });
  }

  test('a folder without a rule is told', () => {
    expect(from('agent/new-folder/a.ts', '')).toEqual(['agent/new-folder/a.ts is in no folder that the rules know']);
  });
});

describe('the rule on cycles', () => {
  const file = (name: string, text: string) => parseSource(`agent/core/${name}.ts`, text);

  test('a circle of three is told once, with its way', () => {
    const circle = [
      file('a', "import './b.ts';"),
      file('b', "export { x } from './c.ts';"),
      file('c', "import { type T, y } from './a.ts';"),
    ];
    expect(cycleViolations(circle)).toEqual([
      'import cycle: agent/core/a.ts → agent/core/b.ts → agent/core/c.ts → agent/core/a.ts',
    ]);
  });

  test('a circle of types only is none', () => {
    const circle = [file('a', "import { b } from './b.ts';"), file('b', "import type { A } from './a.ts';")];
    expect(cycleViolations(circle)).toEqual([]);
  });
});

describe('the rule on purity', () => {
  const impure = (text: string, path = 'agent/core/a.ts') => impurityViolations([parseSource(path, text)]);

  const forbidden: [text: string, what: string][] = [
    ['const now = Date.now();', 'use Date'],
    ['const at = new Date(0);', 'use Date'],
    ['const x = Math.random();', 'use Math.random'],
    ['const { random } = Math;', 'use Math.random'],
    ['const x = process.platform;', 'use process'],
    ["const x = Buffer.from('');", 'use Buffer'],
    ['setTimeout(f, 1);', 'use setTimeout'],
    ['const x = globalThis;', 'use globalThis'],
    ['await f();', 'wait'],
    ['async function f() {}', 'wait'],
    ['const f = async () => 1;', 'wait'],
  ];
  for (const [text, what] of forbidden) {
    test(`a core that says ${text} is told`, () => {
      expect(impure(text)).toContain(`agent/core/a.ts must not ${what}`);
    });
  }

  test('the same names as members are no globals', () => {
    expect(impure('const x = { process: 1, y: event.process, Date: 2 };')).toEqual([]);
  });

  test('other folders may know the time', () => {
    expect(impure('const now = Date.now();', 'agent/adapters/clock/system.ts')).toEqual([]);
  });
});
