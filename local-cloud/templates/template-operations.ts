/** Job templates, an operator's own and AWS's managed ones. */
import type { ControlOperations } from '../jobs-service/control-request.ts';

export const TEMPLATE_OPERATIONS = {} as const satisfies ControlOperations;
