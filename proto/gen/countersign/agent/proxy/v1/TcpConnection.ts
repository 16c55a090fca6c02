// Original file: proto/countersign/agent/proxy/v1/proxy.proto

import type { Long } from '@grpc/proto-loader';

export interface TcpConnection {
  'localAddress'?: (Buffer | Uint8Array | string);
  'localPort'?: (number);
  'remoteAddress'?: (Buffer | Uint8Array | string);
  'remotePort'?: (number);
  'cookie'?: (number | string | Long);
  'establishedNs'?: (number | string | Long);
  'descriptor'?: (number);
}

export interface TcpConnection__Output {
  'localAddress': (Buffer);
  'localPort': (number);
  'remoteAddress': (Buffer);
  'remotePort': (number);
  'cookie': (string);
  'establishedNs': (string);
  'descriptor': (number);
}
