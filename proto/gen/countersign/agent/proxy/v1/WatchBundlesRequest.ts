// Original file: proto/countersign/agent/proxy/v1/proxy.proto


export interface WatchBundlesRequest {
}

export interface WatchBundlesRequest__Output {
}
