// Original file: proto/spire/api/types/bundle.proto

import type { Long } from '@grpc/proto-loader';

export interface JWTKey {
  'publicKey'?: (Buffer | Uint8Array | string);
  'keyId'?: (string);
  'expiresAt'?: (number | string | Long);
  'tainted'?: (boolean);
}

export interface JWTKey__Output {
  'publicKey': (Buffer);
  'keyId': (string);
  'expiresAt': (string);
  'tainted': (boolean);
}
