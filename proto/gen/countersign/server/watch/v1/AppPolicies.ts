// Original file: proto/countersign/server/watch/v1/watch.proto

import type { Policy as _countersign_types_Policy, Policy__Output as _countersign_types_Policy__Output } from '../../../../countersign/types/Policy.ts';

export interface AppPolicies {
  'app'?: (string);
  'policies'?: (_countersign_types_Policy)[];
}

export interface AppPolicies__Output {
  'app': (string);
  'policies': (_countersign_types_Policy__Output)[];
}
