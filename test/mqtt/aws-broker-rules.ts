/**
 * What AWS's message broker does otherwise than the standard, or where the standard leaves it free, by version of MQTT: one
 * table, walked by a test on every way in and written into docs/compatibility.md. A row acts as a client and tells what it saw.
 */
import type { BrokerRule } from './broker-rule.ts';
import { connectRules } from './connect-rules.ts';
import { deliveryRules } from './delivery-rules.ts';
import { refusalRules } from './refusal-rules.ts';

export const brokerRules: readonly BrokerRule[] = [...refusalRules, ...connectRules, ...deliveryRules];
