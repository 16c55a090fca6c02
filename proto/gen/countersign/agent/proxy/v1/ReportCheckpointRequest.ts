// Original file: proto/countersign/agent/proxy/v1/proxy.proto

import type { Long } from '@grpc/proto-loader';

export interface ReportCheckpointRequest {
  'chain'?: (string);
  'sequence'?: (number | string | Long);
  'head'?: (Buffer | Uint8Array | string);
  'time'?: (string);
  'signature'?: (Buffer | Uint8Array | string);
}

export interface ReportCheckpointRequest__Output {
  'chain': (string);
  'sequence': (string);
  'head': (Buffer);
  'time': (string);
  'signature': (Buffer);
}
