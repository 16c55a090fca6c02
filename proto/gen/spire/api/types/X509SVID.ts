// Original file: proto/spire/api/types/x509svid.proto

import type { SPIFFEID as _spire_api_types_SPIFFEID, SPIFFEID__Output as _spire_api_types_SPIFFEID__Output } from '../../../spire/api/types/SPIFFEID.ts';
import type { Long } from '@grpc/proto-loader';

export interface X509SVID {
  'certChain'?: (Buffer | Uint8Array | string)[];
  'id'?: (_spire_api_types_SPIFFEID | null);
  'expiresAt'?: (number | string | Long);
  'hint'?: (string);
}

export interface X509SVID__Output {
  'certChain': (Buffer)[];
  'id': (_spire_api_types_SPIFFEID__Output | null);
  'expiresAt': (string);
  'hint': (string);
}
