// Original file: proto/countersign/agent/proxy/v1/proxy.proto


export interface ReportCheckpointResponse {
}

export interface ReportCheckpointResponse__Output {
}
