// Original file: proto/countersign/agent/proxy/v1/proxy.proto

import type { Long } from '@grpc/proto-loader';

export interface UnixConnection {
  'inode'?: (number | string | Long);
  'cookie'?: (number | string | Long);
  'establishedNs'?: (number | string | Long);
  'descriptor'?: (number);
}

export interface UnixConnection__Output {
  'inode': (string);
  'cookie': (string);
  'establishedNs': (string);
  'descriptor': (number);
}
