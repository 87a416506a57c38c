// {"operation": "blink-led", "parameters": {"led": "status", "times": 3}}

import { writeFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { type ModuleHandler, retryLater, succeeded, Type } from 'iot-job-agent/handler-api';

const parameters = Type.Object(
  {
    led: Type.String({ pattern: '^[a-z0-9:_-]+$', expected: 'the name of an LED in /sys/class/leds' }),
    times: Type.Integer({ minimum: 1, maximum: 100 }),
    folder: Type.Optional(Type.String()),
  },
  { additionalProperties: false },
);

const blinkLed: ModuleHandler<typeof parameters> = {
  operation: 'blink-led',
  kind: 'module',
  summary: 'Blinks an LED, so that somebody on site finds the gateway.',
  onInterrupted: 'rerun',
  parameters,
  async run({ signal, progress }, { led, times, folder = '/sys/class/leds' }) {
    for (let time = 1; time <= times && !signal.aborted; time++) {
      for (const brightness of ['1', '0']) {
        const isThere = await writeFile(`${folder}/${led}/brightness`, brightness).then(
          () => true,
          () => false,
        );
        if (!isThere) return retryLater(`the LED ${led} is not there`, 60);
        await delay(200, undefined, { signal }).catch(() => undefined);
      }
      progress({ blinked: time });
    }
    return succeeded();
  },
};
export default blinkLed;
