// Original file: proto/countersign/server/watch/v1/watch.proto

import type * as grpc from '@grpc/grpc-js'
import type { MethodDefinition } from '@grpc/proto-loader'
import type { WatchRequest as _countersign_server_watch_v1_WatchRequest, WatchRequest__Output as _countersign_server_watch_v1_WatchRequest__Output } from '../../../../countersign/server/watch/v1/WatchRequest.ts';
import type { WatchResponse as _countersign_server_watch_v1_WatchResponse, WatchResponse__Output as _countersign_server_watch_v1_WatchResponse__Output } from '../../../../countersign/server/watch/v1/WatchResponse.ts';

export interface WatchClient extends grpc.Client {
  Watch(metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientDuplexStream<_countersign_server_watch_v1_WatchRequest, _countersign_server_watch_v1_WatchResponse__Output>;
  Watch(options?: grpc.CallOptions): grpc.ClientDuplexStream<_countersign_server_watch_v1_WatchRequest, _countersign_server_watch_v1_WatchResponse__Output>;
  watch(metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientDuplexStream<_countersign_server_watch_v1_WatchRequest, _countersign_server_watch_v1_WatchResponse__Output>;
  watch(options?: grpc.CallOptions): grpc.ClientDuplexStream<_countersign_server_watch_v1_WatchRequest, _countersign_server_watch_v1_WatchResponse__Output>;
  
}

export interface WatchHandlers extends grpc.UntypedServiceImplementation {
  Watch: grpc.handleBidiStreamingCall<_countersign_server_watch_v1_WatchRequest__Output, _countersign_server_watch_v1_WatchResponse>;
  
}

export interface WatchDefinition extends grpc.ServiceDefinition {
  Watch: MethodDefinition<_countersign_server_watch_v1_WatchRequest, _countersign_server_watch_v1_WatchResponse, _countersign_server_watch_v1_WatchRequest__Output, _countersign_server_watch_v1_WatchResponse__Output>
}
