// Original file: proto/countersign/server/bundle/v1/history.proto

import type { Long } from '@grpc/proto-loader';

export interface PublishedX509Authority {
  'asn1'?: (Buffer | Uint8Array | string);
  'publishedAt'?: (number | string | Long);
  'removedAt'?: (number | string | Long);
}

export interface PublishedX509Authority__Output {
  'asn1': (Buffer);
  'publishedAt': (string);
  'removedAt': (string);
}
