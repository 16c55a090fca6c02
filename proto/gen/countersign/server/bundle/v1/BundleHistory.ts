// Original file: proto/countersign/server/bundle/v1/history.proto

import type * as grpc from '@grpc/grpc-js'
import type { MethodDefinition } from '@grpc/proto-loader'
import type { ListX509AuthoritiesRequest as _countersign_server_bundle_v1_ListX509AuthoritiesRequest, ListX509AuthoritiesRequest__Output as _countersign_server_bundle_v1_ListX509AuthoritiesRequest__Output } from '../../../../countersign/server/bundle/v1/ListX509AuthoritiesRequest.ts';
import type { ListX509AuthoritiesResponse as _countersign_server_bundle_v1_ListX509AuthoritiesResponse, ListX509AuthoritiesResponse__Output as _countersign_server_bundle_v1_ListX509AuthoritiesResponse__Output } from '../../../../countersign/server/bundle/v1/ListX509AuthoritiesResponse.ts';

export interface BundleHistoryClient extends grpc.Client {
  ListX509Authorities(argument: _countersign_server_bundle_v1_ListX509AuthoritiesRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_countersign_server_bundle_v1_ListX509AuthoritiesResponse__Output>): grpc.ClientUnaryCall;
  ListX509Authorities(argument: _countersign_server_bundle_v1_ListX509AuthoritiesRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_countersign_server_bundle_v1_ListX509AuthoritiesResponse__Output>): grpc.ClientUnaryCall;
  ListX509Authorities(argument: _countersign_server_bundle_v1_ListX509AuthoritiesRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_countersign_server_bundle_v1_ListX509AuthoritiesResponse__Output>): grpc.ClientUnaryCall;
  ListX509Authorities(argument: _countersign_server_bundle_v1_ListX509AuthoritiesRequest, callback: grpc.requestCallback<_countersign_server_bundle_v1_ListX509AuthoritiesResponse__Output>): grpc.ClientUnaryCall;
  listX509Authorities(argument: _countersign_server_bundle_v1_ListX509AuthoritiesRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_countersign_server_bundle_v1_ListX509AuthoritiesResponse__Output>): grpc.ClientUnaryCall;
  listX509Authorities(argument: _countersign_server_bundle_v1_ListX509AuthoritiesRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_countersign_server_bundle_v1_ListX509AuthoritiesResponse__Output>): grpc.ClientUnaryCall;
  listX509Authorities(argument: _countersign_server_bundle_v1_ListX509AuthoritiesRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_countersign_server_bundle_v1_ListX509AuthoritiesResponse__Output>): grpc.ClientUnaryCall;
  listX509Authorities(argument: _countersign_server_bundle_v1_ListX509AuthoritiesRequest, callback: grpc.requestCallback<_countersign_server_bundle_v1_ListX509AuthoritiesResponse__Output>): grpc.ClientUnaryCall;
  
}

export interface BundleHistoryHandlers extends grpc.UntypedServiceImplementation {
  ListX509Authorities: grpc.handleUnaryCall<_countersign_server_bundle_v1_ListX509AuthoritiesRequest__Output, _countersign_server_bundle_v1_ListX509AuthoritiesResponse>;
  
}

export interface BundleHistoryDefinition extends grpc.ServiceDefinition {
  ListX509Authorities: MethodDefinition<_countersign_server_bundle_v1_ListX509AuthoritiesRequest, _countersign_server_bundle_v1_ListX509AuthoritiesResponse, _countersign_server_bundle_v1_ListX509AuthoritiesRequest__Output, _countersign_server_bundle_v1_ListX509AuthoritiesResponse__Output>
}
