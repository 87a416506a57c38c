import { createMqttTransport } from '../../agent/adapters/transport/mqtt.ts';
import { adapterContract } from './adapter-contract.ts';

adapterContract({ name: 'mqtt', create: createMqttTransport, connackCode: 'MQTT_NOT_AUTHORIZED' });
