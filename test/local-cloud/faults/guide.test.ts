import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { FAULTS_ON, readFaultSettings } from '../../../local-cloud/faults/fault-settings.ts';

const guide = await readFile(new URL('../../../docs/local-cloud-faults.md', import.meta.url), 'utf8');
const examples = [...guide.matchAll(/```json\n(.*?)```/gs)].map(([, text = '']) => text);
const rules = examples.flatMap((text) => readFaultSettings(JSON.parse(text)).rules);

test('every example in the guide is settings that are taken', () => {
  expect(examples.length).toBeGreaterThan(9);
  expect(rules.length).toBeGreaterThanOrEqual(examples.length);
});

test('every fault is explained in the guide', () => {
  for (const fault of new Set<string>(Object.values(FAULTS_ON).flat())) {
    expect(guide, fault).toMatch(new RegExp(`^(### |\\| ).*\\b${fault}\\b`, 'm'));
  }
});
