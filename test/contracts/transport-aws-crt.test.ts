import { createAwsCrtTransport } from '../../agent/adapters/transport/aws-crt.ts';
import { adapterContract } from './adapter-contract.ts';

// The library keeps the CONNACK code to itself.
adapterContract({ name: 'aws-crt', create: createAwsCrtTransport, connackCode: 'MQTT_REFUSED' });
