/** Every case, by the file in `cases/` that has it. */
import type { CaseGroup } from './case.ts';
import { CONTROL } from './cases/control.ts';
import { DATA_HTTP } from './cases/data-http.ts';
import { DELETION } from './cases/deletion.ts';
import { DELIVERY } from './cases/delivery.ts';
import { DESCRIBE } from './cases/describe.ts';
import { GET_PENDING } from './cases/get-pending.ts';
import { JOB_LIFE } from './cases/job-life.ts';
import { LIMITS } from './cases/limits.ts';
import { NOTIFICATIONS } from './cases/notifications.ts';
import { ROLLOUT } from './cases/rollout.ts';
import { START_NEXT } from './cases/start-next.ts';
import { STATUS_DETAILS } from './cases/status-details.ts';
import { TIMERS } from './cases/timers.ts';
import { UPDATE } from './cases/update.ts';

export const CASE_GROUPS: readonly CaseGroup[] = [
  { file: 'get-pending', cases: GET_PENDING },
  { file: 'start-next', cases: START_NEXT },
  { file: 'describe', cases: DESCRIBE },
  { file: 'update', cases: UPDATE },
  { file: 'status-details', cases: STATUS_DETAILS },
  { file: 'notifications', cases: NOTIFICATIONS },
  { file: 'delivery', cases: DELIVERY },
  { file: 'timers', cases: TIMERS },
  { file: 'control', cases: CONTROL },
  { file: 'limits', cases: LIMITS },
  { file: 'job-life', cases: JOB_LIFE },
  { file: 'rollout', cases: ROLLOUT },
  { file: 'deletion', cases: DELETION },
  { file: 'data-http', cases: DATA_HTTP },
];
