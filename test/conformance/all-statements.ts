/** Every statement, by the parts of docs/conformance.md. */
import { HELD_ELSEWHERE } from './held-elsewhere.ts';
import type { Statement } from './statement.ts';
import { CONTROL_ROWS, DATA_HTTP_ROWS, EVENT_ROWS, HTTP_ROWS } from './statements/control-plane.ts';
import { DEVICE_DATA } from './statements/device-data.ts';
import {
  DESCRIBE_ROWS,
  DEVICE_REQUESTS,
  DEVICE_TOPICS,
  GET_PENDING_ROWS,
  START_NEXT_ROWS,
  STATE_ROWS,
  UPDATE_ROWS,
  VERSION_ROWS,
} from './statements/device-operations.ts';
import { DELIVERY_ROWS, NOTIFICATION_ROWS, ORDER_ROWS, TIMER_ROWS } from './statements/device-time.ts';
import { HTTP_ERRORS, MQTT_ERRORS } from './statements/errors.ts';
import { JOB_ROWS, LIMIT_ROWS, SUBSTITUTION_ROWS } from './statements/jobs.ts';

export interface StatementPart {
  readonly heading: string;
  readonly statements: readonly Statement[];
}

const PARTS: readonly StatementPart[] = [
  { heading: 'Names and objects', statements: DEVICE_DATA },
  { heading: 'Topics', statements: DEVICE_TOPICS },
  { heading: 'Requests', statements: DEVICE_REQUESTS },
  { heading: 'GetPendingJobExecutions', statements: GET_PENDING_ROWS },
  { heading: 'StartNextPendingJobExecution', statements: START_NEXT_ROWS },
  { heading: 'DescribeJobExecution', statements: DESCRIBE_ROWS },
  { heading: 'UpdateJobExecution', statements: UPDATE_ROWS },
  { heading: 'Versions', statements: VERSION_ROWS },
  { heading: 'Statuses', statements: STATE_ROWS },
  { heading: 'Timers', statements: TIMER_ROWS },
  { heading: 'Order', statements: ORDER_ROWS },
  { heading: 'Notifications', statements: NOTIFICATION_ROWS },
  { heading: 'Delivery', statements: DELIVERY_ROWS },
  { heading: 'Refusals over MQTT', statements: MQTT_ERRORS },
  { heading: 'Refusals over HTTP', statements: HTTP_ERRORS },
  { heading: 'Limits', statements: LIMIT_ROWS },
  { heading: 'Jobs', statements: JOB_ROWS },
  { heading: 'Placeholders', statements: SUBSTITUTION_ROWS },
  { heading: 'Control plane', statements: CONTROL_ROWS },
  { heading: 'Device’s operations over HTTP', statements: DATA_HTTP_ROWS },
  { heading: 'HTTP as AWS’s clients speak it', statements: HTTP_ROWS },
  { heading: 'Events', statements: EVENT_ROWS },
];

/** With the tests elsewhere that hold them. */
export const STATEMENT_PARTS: readonly StatementPart[] = PARTS.map(({ heading, statements }) => ({
  heading,
  statements: statements.map((row) => ({ ...row, tests: [...row.tests, ...(HELD_ELSEWHERE[row.id] ?? [])] })),
}));

export const STATEMENTS: readonly Statement[] = STATEMENT_PARTS.flatMap(({ statements }) => statements);
