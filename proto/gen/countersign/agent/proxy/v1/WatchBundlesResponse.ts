// Original file: proto/countersign/agent/proxy/v1/proxy.proto


export interface WatchBundlesResponse {
  'bundles'?: ({[key: string]: Buffer | Uint8Array | string});
}

export interface WatchBundlesResponse__Output {
  'bundles': ({[key: string]: Buffer});
}
