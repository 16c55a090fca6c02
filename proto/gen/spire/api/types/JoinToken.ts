// Original file: proto/spire/api/types/jointoken.proto

import type { Long } from '@grpc/proto-loader';

export interface JoinToken {
  'value'?: (string);
  'expiresAt'?: (number | string | Long);
}

export interface JoinToken__Output {
  'value': (string);
  'expiresAt': (string);
}
