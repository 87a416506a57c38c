import { describe, expect, test } from 'vitest';
import { startAgentOnBroker, THING } from '../fixtures/agent-on-broker.ts';
import type { AgentProcess } from '../fixtures/agent-process.ts';
import { startAedesBroker } from '../fixtures/mqtt-brokers/aedes-broker.ts';
import { hasMosquitto, startMosquittoBroker } from '../fixtures/mqtt-brokers/mosquitto-broker.ts';

const JOBS = `$aws/things/${THING}/jobs`;
const FINE = { operation: 'system-info' };
const TOPICS = ['notify', 'notify-next'].concat(
  ['get', 'start-next', 'a/get', 'a/update'].flatMap((request) => [`${request}/accepted`, `${request}/rejected`]),
);

const BROKERS = [
  ['aedes', startAedesBroker],
  ...(hasMosquitto('the agent on mosquitto') ? [['mosquitto', startMosquittoBroker] as const] : []),
] as const;

describe.each(BROKERS)('on %s', (_, startBroker) => {
  test('an ordinary job runs', async () => {
    const { responder } = await startAgentOnBroker(startBroker);
    responder.createJob('fine', FINE);
    expect((await responder.over('fine')).status).toBe('SUCCEEDED');
  });

  test('broken JSON on every topic is logged once and ignored', async () => {
    const { agent, responder } = await startAgentOnBroker(startBroker);
    for (const topic of [...TOPICS, ...TOPICS]) await responder.say(`${JOBS}/${topic}`, '{"broken":');
    responder.createJob('next', FINE);
    expect((await responder.over('next')).status).toBe('SUCCEEDED');
    expect(ignored(agent)).toEqual(['message that cannot be read']);
  });

  test('huge, mistyped and foreign messages do not keep the next job from running', async () => {
    const { agent, responder } = await startAgentOnBroker(startBroker);
    await responder.say(`${JOBS}/notify`, Buffer.alloc(200 * 1024, 0x7b));
    await responder.say(`${JOBS}/notify`, JSON.stringify({ jobs: 'all of them', timestamp: 'now' }));
    await responder.say(`${JOBS}/notify-next`, JSON.stringify({ execution: { jobId: '../../etc', status: 7 } }));
    await responder.say(`${JOBS}/notify-next`, Buffer.from([0xff, 0xfe, 0x00]));
    await responder.say(`${JOBS}/start-next/accepted`, JSON.stringify({ clientToken: 'nobody', execution: null }));
    await responder.say(`${JOBS}/get/accepted`, 'null');
    await responder.say(`$aws/things/other/jobs/notify`, JSON.stringify({ jobs: {} }));
    responder.createJob('next', FINE);
    expect((await responder.over('next')).status).toBe('SUCCEEDED');
    expect(ignored(agent)).toContain('message that cannot be read');
  });

  test('answers that come twice, and late, count once', async () => {
    const { agent, responder } = await startAgentOnBroker(startBroker);
    responder.repeatAnswers = 3;
    for (const jobId of ['first', 'second', 'third']) responder.createJob(jobId, FINE);
    expect((await responder.over('third')).status).toBe('SUCCEEDED');
    const started = agent.log.filter(({ msg }) => msg === 'step started').map(({ jobId }) => jobId);
    expect(started).toEqual(['first', 'second', 'third']);
    expect(ignored(agent)).toEqual(['answer to nobody: late, doubled, or not asked by us']);
  });

  test('bad documents are REJECTED with path and reason, and the next job runs', async () => {
    const { responder } = await startAgentOnBroker(startBroker);
    const bad: readonly [jobId: string, document: string, path: string | undefined][] = [
      ['proto', '{"operation":"system-info","parameters":{"__proto__":{"admin":true}}}', '/parameters/__proto__'],
      ['deep', `{"operation":"system-info","parameters":{"a":${'['.repeat(10_000)}${']'.repeat(10_000)}}}`, undefined],
      ['shapeless', '{"what":"ever"}', undefined],
      ['mistyped', '{"operation":"write-file","parameters":{"path":7,"content":"x"}}', '/parameters/path'],
      ['surplus', '{"operation":"run-command","parameters":{"command":["true"],"shell":true}}', '/parameters/shell'],
    ];
    for (const [jobId, document] of bad) responder.createJobOfText(jobId, document);
    responder.createJob('next', FINE);
    expect((await responder.over('next')).status).toBe('SUCCEEDED');
    for (const [jobId, , path] of bad) {
      const { status, statusDetails } = responder.status(jobId);
      expect([jobId, status]).toEqual([jobId, 'REJECTED']);
      expect(statusDetails.reason).toMatch(/expected|unknown|not |no /);
      if (path !== undefined) expect(statusDetails.path).toBe(path);
    }
  });
});

test('the second transport runs a job too', async () => {
  const { responder, agent } = await startAgentOnBroker(startAedesBroker, 'aws-crt');
  responder.createJob('fine', FINE);
  expect((await responder.over('fine')).status).toBe('SUCCEEDED');
  agent.child.kill('SIGTERM');
  expect((await agent.exited).code).toBe(0);
});

/** Kinds of messages that were ignored, once for each line in the log. */
function ignored(agent: AgentProcess): unknown[] {
  return agent.log.filter(({ msg }) => msg.startsWith('message ignored')).map(({ kind }) => kind);
}
