// Original file: proto/countersign/types/policy.proto

import type { Long } from '@grpc/proto-loader';

export interface Policy {
  'app'?: (string);
  'name'?: (string);
  'kind'?: (string);
  'revision'?: (number | string | Long);
  'digest'?: (string);
  'source'?: (string);
  'appliedAt'?: (number | string | Long);
}

export interface Policy__Output {
  'app': (string);
  'name': (string);
  'kind': (string);
  'revision': (string);
  'digest': (string);
  'source': (string);
  'appliedAt': (string);
}
