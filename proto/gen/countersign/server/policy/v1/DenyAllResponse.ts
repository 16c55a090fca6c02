// Original file: proto/countersign/server/policy/v1/policy.proto

import type { Policy as _countersign_types_Policy, Policy__Output as _countersign_types_Policy__Output } from '../../../../countersign/types/Policy.ts';

export interface DenyAllResponse {
  'policy'?: (_countersign_types_Policy | null);
  'replaced'?: (string)[];
}

export interface DenyAllResponse__Output {
  'policy': (_countersign_types_Policy__Output | null);
  'replaced': (string)[];
}
