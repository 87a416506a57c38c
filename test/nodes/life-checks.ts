/** How runs and agents end: time limits, cancellations, and an agent that is killed. */
import type { JobExecution } from '@aws-sdk/client-iot';
import { readProcess } from '../../agent/adapters/process/process-table.ts';
import type { Gateway } from './gateway.ts';
import { detailsOf, endedWith, succeededWith } from './machine-jobs.ts';
import type { Tell } from './tell.ts';

export async function checkLives(gateway: Gateway, tell: Tell): Promise<void> {
  const { control, over, until } = gateway;
  const stubborn = { operation: 'stubborn' };
  await control.createJob('too-slow', { ...stubborn, timeoutSeconds: 15 });
  const slow = await over('too-slow');
  const wrong = endedWith(slow, 'FAILED', { reasonCode: 'STEP_TIMED_OUT' });
  tell(wrong.length === 0, 'a time limit', wrong);
  tellGone(slow, tell);

  await control.createJob('canceled', stubborn);
  const begun = await until('canceled', (execution) => pidsOf(execution).length === 3);
  await control.forceCancel('canceled');
  tell((await over('canceled')).status === 'CANCELED', 'a cancellation');
  await control.createJob('after-cancel', { operation: 'system-info' });
  const after = succeededWith(await over('after-cancel'), {});
  tell(after.length === 0, 'the job after it', after);
  tellGone(begun, tell);

  await control.createJob('interrupted', { operation: 'count', parameters: { to: 5, wait: true } });
  const { pid = '' } = detailsOf(await until('interrupted', (execution) => detailsOf(execution).n === '3'));
  await gateway.killAgent();
  tell(isAlive(Number(pid)), 'a run outlives its agent');
  await gateway.startAgent();
  const resumed = succeededWith(await over('interrupted'), { n: '5', first: '3', attempt: '2' });
  tell(resumed.length === 0, 'the next agent goes on with it', resumed);
  tell(!isAlive(Number(pid)), 'the old run is ended');
}

/** The handler's own, its child's and its grandchild's. */
function pidsOf(execution: JobExecution): readonly number[] {
  const { own = '', pids = '' } = detailsOf(execution);
  return `${own} ${pids}`
    .split(' ')
    .filter((pid) => pid !== '')
    .map(Number);
}

function tellGone(execution: JobExecution, tell: Tell): void {
  const pids = pidsOf(execution);
  const left = pids.filter(isAlive);
  const isWell = pids.length === 3 && left.length === 0;
  tell(isWell, 'its whole tree is gone', isWell ? [] : [`of ${pids.join(' ')} live ${left.join(' ')}`]);
}

/** Processes there have the same numbers here. Who has ended and waits for its parent does not live. */
function isAlive(pid: number): boolean {
  return readProcess(pid)?.isOver === false;
}
