// Original file: proto/countersign/agent/proxy/v1/proxy.proto


export interface IdentifyResponse {
  'spiffeId'?: (string);
  'x509Svid'?: (Buffer | Uint8Array | string);
  'x509SvidKey'?: (Buffer | Uint8Array | string);
  'bundles'?: ({[key: string]: Buffer | Uint8Array | string});
  'pids'?: (number)[];
}

export interface IdentifyResponse__Output {
  'spiffeId': (string);
  'x509Svid': (Buffer);
  'x509SvidKey': (Buffer);
  'bundles': ({[key: string]: Buffer});
  'pids': (number)[];
}
