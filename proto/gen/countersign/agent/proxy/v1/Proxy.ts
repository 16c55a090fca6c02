// Original file: proto/countersign/agent/proxy/v1/proxy.proto

import type * as grpc from '@grpc/grpc-js'
import type { MethodDefinition } from '@grpc/proto-loader'
import type { IdentifyRequest as _countersign_agent_proxy_v1_IdentifyRequest, IdentifyRequest__Output as _countersign_agent_proxy_v1_IdentifyRequest__Output } from '../../../../countersign/agent/proxy/v1/IdentifyRequest.ts';
import type { IdentifyResponse as _countersign_agent_proxy_v1_IdentifyResponse, IdentifyResponse__Output as _countersign_agent_proxy_v1_IdentifyResponse__Output } from '../../../../countersign/agent/proxy/v1/IdentifyResponse.ts';
import type { ReportCheckpointRequest as _countersign_agent_proxy_v1_ReportCheckpointRequest, ReportCheckpointRequest__Output as _countersign_agent_proxy_v1_ReportCheckpointRequest__Output } from '../../../../countersign/agent/proxy/v1/ReportCheckpointRequest.ts';
import type { ReportCheckpointResponse as _countersign_agent_proxy_v1_ReportCheckpointResponse, ReportCheckpointResponse__Output as _countersign_agent_proxy_v1_ReportCheckpointResponse__Output } from '../../../../countersign/agent/proxy/v1/ReportCheckpointResponse.ts';
import type { WatchBundlesRequest as _countersign_agent_proxy_v1_WatchBundlesRequest, WatchBundlesRequest__Output as _countersign_agent_proxy_v1_WatchBundlesRequest__Output } from '../../../../countersign/agent/proxy/v1/WatchBundlesRequest.ts';
import type { WatchBundlesResponse as _countersign_agent_proxy_v1_WatchBundlesResponse, WatchBundlesResponse__Output as _countersign_agent_proxy_v1_WatchBundlesResponse__Output } from '../../../../countersign/agent/proxy/v1/WatchBundlesResponse.ts';
import type { WatchPoliciesRequest as _countersign_agent_proxy_v1_WatchPoliciesRequest, WatchPoliciesRequest__Output as _countersign_agent_proxy_v1_WatchPoliciesRequest__Output } from '../../../../countersign/agent/proxy/v1/WatchPoliciesRequest.ts';
import type { WatchPoliciesResponse as _countersign_agent_proxy_v1_WatchPoliciesResponse, WatchPoliciesResponse__Output as _countersign_agent_proxy_v1_WatchPoliciesResponse__Output } from '../../../../countersign/agent/proxy/v1/WatchPoliciesResponse.ts';

export interface ProxyClient extends grpc.Client {
  Identify(metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientDuplexStream<_countersign_agent_proxy_v1_IdentifyRequest, _countersign_agent_proxy_v1_IdentifyResponse__Output>;
  Identify(options?: grpc.CallOptions): grpc.ClientDuplexStream<_countersign_agent_proxy_v1_IdentifyRequest, _countersign_agent_proxy_v1_IdentifyResponse__Output>;
  identify(metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientDuplexStream<_countersign_agent_proxy_v1_IdentifyRequest, _countersign_agent_proxy_v1_IdentifyResponse__Output>;
  identify(options?: grpc.CallOptions): grpc.ClientDuplexStream<_countersign_agent_proxy_v1_IdentifyRequest, _countersign_agent_proxy_v1_IdentifyResponse__Output>;
  
  ReportCheckpoint(argument: _countersign_agent_proxy_v1_ReportCheckpointRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_countersign_agent_proxy_v1_ReportCheckpointResponse__Output>): grpc.ClientUnaryCall;
  ReportCheckpoint(argument: _countersign_agent_proxy_v1_ReportCheckpointRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_countersign_agent_proxy_v1_ReportCheckpointResponse__Output>): grpc.ClientUnaryCall;
  ReportCheckpoint(argument: _countersign_agent_proxy_v1_ReportCheckpointRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_countersign_agent_proxy_v1_ReportCheckpointResponse__Output>): grpc.ClientUnaryCall;
  ReportCheckpoint(argument: _countersign_agent_proxy_v1_ReportCheckpointRequest, callback: grpc.requestCallback<_countersign_agent_proxy_v1_ReportCheckpointResponse__Output>): grpc.ClientUnaryCall;
  reportCheckpoint(argument: _countersign_agent_proxy_v1_ReportCheckpointRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_countersign_agent_proxy_v1_ReportCheckpointResponse__Output>): grpc.ClientUnaryCall;
  reportCheckpoint(argument: _countersign_agent_proxy_v1_ReportCheckpointRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_countersign_agent_proxy_v1_ReportCheckpointResponse__Output>): grpc.ClientUnaryCall;
  reportCheckpoint(argument: _countersign_agent_proxy_v1_ReportCheckpointRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_countersign_agent_proxy_v1_ReportCheckpointResponse__Output>): grpc.ClientUnaryCall;
  reportCheckpoint(argument: _countersign_agent_proxy_v1_ReportCheckpointRequest, callback: grpc.requestCallback<_countersign_agent_proxy_v1_ReportCheckpointResponse__Output>): grpc.ClientUnaryCall;
  
  WatchBundles(argument: _countersign_agent_proxy_v1_WatchBundlesRequest, metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientReadableStream<_countersign_agent_proxy_v1_WatchBundlesResponse__Output>;
  WatchBundles(argument: _countersign_agent_proxy_v1_WatchBundlesRequest, options?: grpc.CallOptions): grpc.ClientReadableStream<_countersign_agent_proxy_v1_WatchBundlesResponse__Output>;
  watchBundles(argument: _countersign_agent_proxy_v1_WatchBundlesRequest, metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientReadableStream<_countersign_agent_proxy_v1_WatchBundlesResponse__Output>;
  watchBundles(argument: _countersign_agent_proxy_v1_WatchBundlesRequest, options?: grpc.CallOptions): grpc.ClientReadableStream<_countersign_agent_proxy_v1_WatchBundlesResponse__Output>;
  
  WatchPolicies(argument: _countersign_agent_proxy_v1_WatchPoliciesRequest, metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientReadableStream<_countersign_agent_proxy_v1_WatchPoliciesResponse__Output>;
  WatchPolicies(argument: _countersign_agent_proxy_v1_WatchPoliciesRequest, options?: grpc.CallOptions): grpc.ClientReadableStream<_countersign_agent_proxy_v1_WatchPoliciesResponse__Output>;
  watchPolicies(argument: _countersign_agent_proxy_v1_WatchPoliciesRequest, metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientReadableStream<_countersign_agent_proxy_v1_WatchPoliciesResponse__Output>;
  watchPolicies(argument: _countersign_agent_proxy_v1_WatchPoliciesRequest, options?: grpc.CallOptions): grpc.ClientReadableStream<_countersign_agent_proxy_v1_WatchPoliciesResponse__Output>;
  
}

export interface ProxyHandlers extends grpc.UntypedServiceImplementation {
  Identify: grpc.handleBidiStreamingCall<_countersign_agent_proxy_v1_IdentifyRequest__Output, _countersign_agent_proxy_v1_IdentifyResponse>;
  
  ReportCheckpoint: grpc.handleUnaryCall<_countersign_agent_proxy_v1_ReportCheckpointRequest__Output, _countersign_agent_proxy_v1_ReportCheckpointResponse>;
  
  WatchBundles: grpc.handleServerStreamingCall<_countersign_agent_proxy_v1_WatchBundlesRequest__Output, _countersign_agent_proxy_v1_WatchBundlesResponse>;
  
  WatchPolicies: grpc.handleServerStreamingCall<_countersign_agent_proxy_v1_WatchPoliciesRequest__Output, _countersign_agent_proxy_v1_WatchPoliciesResponse>;
  
}

export interface ProxyDefinition extends grpc.ServiceDefinition {
  Identify: MethodDefinition<_countersign_agent_proxy_v1_IdentifyRequest, _countersign_agent_proxy_v1_IdentifyResponse, _countersign_agent_proxy_v1_IdentifyRequest__Output, _countersign_agent_proxy_v1_IdentifyResponse__Output>
  ReportCheckpoint: MethodDefinition<_countersign_agent_proxy_v1_ReportCheckpointRequest, _countersign_agent_proxy_v1_ReportCheckpointResponse, _countersign_agent_proxy_v1_ReportCheckpointRequest__Output, _countersign_agent_proxy_v1_ReportCheckpointResponse__Output>
  WatchBundles: MethodDefinition<_countersign_agent_proxy_v1_WatchBundlesRequest, _countersign_agent_proxy_v1_WatchBundlesResponse, _countersign_agent_proxy_v1_WatchBundlesRequest__Output, _countersign_agent_proxy_v1_WatchBundlesResponse__Output>
  WatchPolicies: MethodDefinition<_countersign_agent_proxy_v1_WatchPoliciesRequest, _countersign_agent_proxy_v1_WatchPoliciesResponse, _countersign_agent_proxy_v1_WatchPoliciesRequest__Output, _countersign_agent_proxy_v1_WatchPoliciesResponse__Output>
}
