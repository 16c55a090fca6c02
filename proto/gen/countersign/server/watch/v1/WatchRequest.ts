// Original file: proto/countersign/server/watch/v1/watch.proto

import type { Long } from '@grpc/proto-loader';

export interface WatchRequest {
  'revision'?: (number | string | Long);
  'bundleSequenceNumber'?: (number | string | Long);
}

export interface WatchRequest__Output {
  'revision': (string);
  'bundleSequenceNumber': (string);
}
