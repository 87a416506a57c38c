import { describe, expect, test } from 'vitest';
import { COMMANDS } from '../../agent/cli/commands.ts';
import { EXIT, HANDLER_HOST } from '../../agent/cli/usage.ts';
import { SETTINGS } from '../../agent/config/setting.ts';
import { parseHelp } from '../../scripts/docs/help-text.ts';
import { renderConfigManual, renderProgramManual } from '../../scripts/docs/man-pages.ts';
import { roff, roffOfMarkdown } from '../../scripts/docs/roff.ts';

describe('job-agent(1)', () => {
  const page = renderProgramManual();

  test('has every command with its options, and not what is not for people', () => {
    for (const [name, { options }] of Object.entries(COMMANDS)) {
      if (name === HANDLER_HOST) continue;
      const [, part = ''] = page.split(`.SS job\\-agent ${name}\n`);
      const [own = ''] = part.split('\n.S');
      for (const option of Object.keys(options)) expect(own, name).toContain(roff(`--${option}`));
    }
    expect(page).not.toContain('.SS job\\-agent handler\\-host');
  });

  test('has every exit code', () => {
    const [, codes = ''] = page.split('.SH EXIT STATUS\n');
    for (const code of Object.values(EXIT)) expect(codes).toMatch(new RegExp(`^\\.B ${code}$`, 'm'));
  });
});

test('job-agent-config(5) has every setting', () => {
  const page = renderConfigManual();
  for (const { name, environmentName } of SETTINGS) {
    expect(page).toMatch(new RegExp(`^\\.B ${name}$`, 'm'));
    expect(page).toContain(`In the environment: ${environmentName}.`);
  }
});

describe('text for man(7)', () => {
  test('cannot be a request, an escape or a typographic hyphen', () => {
    expect(roff(".SH x\n'br\nC:\\n --keep")).toBe("\\&.SH x\n\\&'br\nC:\\en \\-\\-keep");
  });

  test('is ASCII', () => {
    expect(roff('the agent’s … 🚀')).toBe('the agent\\[u2019]s \\[u2026] \\[u1F680]');
  });

  test('keeps code bold and links as their text', () => {
    expect(roffOfMarkdown('See [`run-as`](x.md#y), or `.a`.')).toBe('See \\fBrun\\-as\\fR, or \\fB.a\\fR.');
  });
});

describe('the help, taken apart', () => {
  test('what is further in goes on with the entry before', () => {
    const { lists } = parseHelp('Usage: a\n\nOptions:\n  --b C  does\n         this\n  --d\n         that\n');
    expect(lists).toEqual([
      {
        title: 'Options',
        entries: [
          { tag: '--b C', text: 'does this' },
          { tag: '--d', text: 'that' },
        ],
      },
    ]);
  });

  test('what is no help is refused', () => {
    expect(() => parseHelp('hello')).toThrow('not with Usage:');
    expect(() => parseHelp('Usage: a\n\n  --b')).toThrow('a list without a title');
  });
});
