// Original file: proto/countersign/server/policy/v1/policy.proto

import type * as grpc from '@grpc/grpc-js'
import type { MethodDefinition } from '@grpc/proto-loader'
import type { ApplyPoliciesRequest as _countersign_server_policy_v1_ApplyPoliciesRequest, ApplyPoliciesRequest__Output as _countersign_server_policy_v1_ApplyPoliciesRequest__Output } from '../../../../countersign/server/policy/v1/ApplyPoliciesRequest.ts';
import type { ApplyPoliciesResponse as _countersign_server_policy_v1_ApplyPoliciesResponse, ApplyPoliciesResponse__Output as _countersign_server_policy_v1_ApplyPoliciesResponse__Output } from '../../../../countersign/server/policy/v1/ApplyPoliciesResponse.ts';
import type { DeletePolicyRequest as _countersign_server_policy_v1_DeletePolicyRequest, DeletePolicyRequest__Output as _countersign_server_policy_v1_DeletePolicyRequest__Output } from '../../../../countersign/server/policy/v1/DeletePolicyRequest.ts';
import type { DeletePolicyResponse as _countersign_server_policy_v1_DeletePolicyResponse, DeletePolicyResponse__Output as _countersign_server_policy_v1_DeletePolicyResponse__Output } from '../../../../countersign/server/policy/v1/DeletePolicyResponse.ts';
import type { DenyAllRequest as _countersign_server_policy_v1_DenyAllRequest, DenyAllRequest__Output as _countersign_server_policy_v1_DenyAllRequest__Output } from '../../../../countersign/server/policy/v1/DenyAllRequest.ts';
import type { DenyAllResponse as _countersign_server_policy_v1_DenyAllResponse, DenyAllResponse__Output as _countersign_server_policy_v1_DenyAllResponse__Output } from '../../../../countersign/server/policy/v1/DenyAllResponse.ts';
import type { GetPolicySourceRequest as _countersign_server_policy_v1_GetPolicySourceRequest, GetPolicySourceRequest__Output as _countersign_server_policy_v1_GetPolicySourceRequest__Output } from '../../../../countersign/server/policy/v1/GetPolicySourceRequest.ts';
import type { GetPolicySourceResponse as _countersign_server_policy_v1_GetPolicySourceResponse, GetPolicySourceResponse__Output as _countersign_server_policy_v1_GetPolicySourceResponse__Output } from '../../../../countersign/server/policy/v1/GetPolicySourceResponse.ts';
import type { ListPoliciesRequest as _countersign_server_policy_v1_ListPoliciesRequest, ListPoliciesRequest__Output as _countersign_server_policy_v1_ListPoliciesRequest__Output } from '../../../../countersign/server/policy/v1/ListPoliciesRequest.ts';
import type { ListPoliciesResponse as _countersign_server_policy_v1_ListPoliciesResponse, ListPoliciesResponse__Output as _countersign_server_policy_v1_ListPoliciesResponse__Output } from '../../../../countersign/server/policy/v1/ListPoliciesResponse.ts';

export interface PolicyClient extends grpc.Client {
  ApplyPolicies(argument: _countersign_server_policy_v1_ApplyPoliciesRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_countersign_server_policy_v1_ApplyPoliciesResponse__Output>): grpc.ClientUnaryCall;
  ApplyPolicies(argument: _countersign_server_policy_v1_ApplyPoliciesRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_countersign_server_policy_v1_ApplyPoliciesResponse__Output>): grpc.ClientUnaryCall;
  ApplyPolicies(argument: _countersign_server_policy_v1_ApplyPoliciesRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_countersign_server_policy_v1_ApplyPoliciesResponse__Output>): grpc.ClientUnaryCall;
  ApplyPolicies(argument: _countersign_server_policy_v1_ApplyPoliciesRequest, callback: grpc.requestCallback<_countersign_server_policy_v1_ApplyPoliciesResponse__Output>): grpc.ClientUnaryCall;
  applyPolicies(argument: _countersign_server_policy_v1_ApplyPoliciesRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_countersign_server_policy_v1_ApplyPoliciesResponse__Output>): grpc.ClientUnaryCall;
  applyPolicies(argument: _countersign_server_policy_v1_ApplyPoliciesRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_countersign_server_policy_v1_ApplyPoliciesResponse__Output>): grpc.ClientUnaryCall;
  applyPolicies(argument: _countersign_server_policy_v1_ApplyPoliciesRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_countersign_server_policy_v1_ApplyPoliciesResponse__Output>): grpc.ClientUnaryCall;
  applyPolicies(argument: _countersign_server_policy_v1_ApplyPoliciesRequest, callback: grpc.requestCallback<_countersign_server_policy_v1_ApplyPoliciesResponse__Output>): grpc.ClientUnaryCall;
  
  DeletePolicy(argument: _countersign_server_policy_v1_DeletePolicyRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_countersign_server_policy_v1_DeletePolicyResponse__Output>): grpc.ClientUnaryCall;
  DeletePolicy(argument: _countersign_server_policy_v1_DeletePolicyRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_countersign_server_policy_v1_DeletePolicyResponse__Output>): grpc.ClientUnaryCall;
  DeletePolicy(argument: _countersign_server_policy_v1_DeletePolicyRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_countersign_server_policy_v1_DeletePolicyResponse__Output>): grpc.ClientUnaryCall;
  DeletePolicy(argument: _countersign_server_policy_v1_DeletePolicyRequest, callback: grpc.requestCallback<_countersign_server_policy_v1_DeletePolicyResponse__Output>): grpc.ClientUnaryCall;
  deletePolicy(argument: _countersign_server_policy_v1_DeletePolicyRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_countersign_server_policy_v1_DeletePolicyResponse__Output>): grpc.ClientUnaryCall;
  deletePolicy(argument: _countersign_server_policy_v1_DeletePolicyRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_countersign_server_policy_v1_DeletePolicyResponse__Output>): grpc.ClientUnaryCall;
  deletePolicy(argument: _countersign_server_policy_v1_DeletePolicyRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_countersign_server_policy_v1_DeletePolicyResponse__Output>): grpc.ClientUnaryCall;
  deletePolicy(argument: _countersign_server_policy_v1_DeletePolicyRequest, callback: grpc.requestCallback<_countersign_server_policy_v1_DeletePolicyResponse__Output>): grpc.ClientUnaryCall;
  
  DenyAll(argument: _countersign_server_policy_v1_DenyAllRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_countersign_server_policy_v1_DenyAllResponse__Output>): grpc.ClientUnaryCall;
  DenyAll(argument: _countersign_server_policy_v1_DenyAllRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_countersign_server_policy_v1_DenyAllResponse__Output>): grpc.ClientUnaryCall;
  DenyAll(argument: _countersign_server_policy_v1_DenyAllRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_countersign_server_policy_v1_DenyAllResponse__Output>): grpc.ClientUnaryCall;
  DenyAll(argument: _countersign_server_policy_v1_DenyAllRequest, callback: grpc.requestCallback<_countersign_server_policy_v1_DenyAllResponse__Output>): grpc.ClientUnaryCall;
  denyAll(argument: _countersign_server_policy_v1_DenyAllRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_countersign_server_policy_v1_DenyAllResponse__Output>): grpc.ClientUnaryCall;
  denyAll(argument: _countersign_server_policy_v1_DenyAllRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_countersign_server_policy_v1_DenyAllResponse__Output>): grpc.ClientUnaryCall;
  denyAll(argument: _countersign_server_policy_v1_DenyAllRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_countersign_server_policy_v1_DenyAllResponse__Output>): grpc.ClientUnaryCall;
  denyAll(argument: _countersign_server_policy_v1_DenyAllRequest, callback: grpc.requestCallback<_countersign_server_policy_v1_DenyAllResponse__Output>): grpc.ClientUnaryCall;
  
  GetPolicySource(argument: _countersign_server_policy_v1_GetPolicySourceRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_countersign_server_policy_v1_GetPolicySourceResponse__Output>): grpc.ClientUnaryCall;
  GetPolicySource(argument: _countersign_server_policy_v1_GetPolicySourceRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_countersign_server_policy_v1_GetPolicySourceResponse__Output>): grpc.ClientUnaryCall;
  GetPolicySource(argument: _countersign_server_policy_v1_GetPolicySourceRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_countersign_server_policy_v1_GetPolicySourceResponse__Output>): grpc.ClientUnaryCall;
  GetPolicySource(argument: _countersign_server_policy_v1_GetPolicySourceRequest, callback: grpc.requestCallback<_countersign_server_policy_v1_GetPolicySourceResponse__Output>): grpc.ClientUnaryCall;
  getPolicySource(argument: _countersign_server_policy_v1_GetPolicySourceRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_countersign_server_policy_v1_GetPolicySourceResponse__Output>): grpc.ClientUnaryCall;
  getPolicySource(argument: _countersign_server_policy_v1_GetPolicySourceRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_countersign_server_policy_v1_GetPolicySourceResponse__Output>): grpc.ClientUnaryCall;
  getPolicySource(argument: _countersign_server_policy_v1_GetPolicySourceRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_countersign_server_policy_v1_GetPolicySourceResponse__Output>): grpc.ClientUnaryCall;
  getPolicySource(argument: _countersign_server_policy_v1_GetPolicySourceRequest, callback: grpc.requestCallback<_countersign_server_policy_v1_GetPolicySourceResponse__Output>): grpc.ClientUnaryCall;
  
  ListPolicies(argument: _countersign_server_policy_v1_ListPoliciesRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_countersign_server_policy_v1_ListPoliciesResponse__Output>): grpc.ClientUnaryCall;
  ListPolicies(argument: _countersign_server_policy_v1_ListPoliciesRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_countersign_server_policy_v1_ListPoliciesResponse__Output>): grpc.ClientUnaryCall;
  ListPolicies(argument: _countersign_server_policy_v1_ListPoliciesRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_countersign_server_policy_v1_ListPoliciesResponse__Output>): grpc.ClientUnaryCall;
  ListPolicies(argument: _countersign_server_policy_v1_ListPoliciesRequest, callback: grpc.requestCallback<_countersign_server_policy_v1_ListPoliciesResponse__Output>): grpc.ClientUnaryCall;
  listPolicies(argument: _countersign_server_policy_v1_ListPoliciesRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_countersign_server_policy_v1_ListPoliciesResponse__Output>): grpc.ClientUnaryCall;
  listPolicies(argument: _countersign_server_policy_v1_ListPoliciesRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_countersign_server_policy_v1_ListPoliciesResponse__Output>): grpc.ClientUnaryCall;
  listPolicies(argument: _countersign_server_policy_v1_ListPoliciesRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_countersign_server_policy_v1_ListPoliciesResponse__Output>): grpc.ClientUnaryCall;
  listPolicies(argument: _countersign_server_policy_v1_ListPoliciesRequest, callback: grpc.requestCallback<_countersign_server_policy_v1_ListPoliciesResponse__Output>): grpc.ClientUnaryCall;
  
}

export interface PolicyHandlers extends grpc.UntypedServiceImplementation {
  ApplyPolicies: grpc.handleUnaryCall<_countersign_server_policy_v1_ApplyPoliciesRequest__Output, _countersign_server_policy_v1_ApplyPoliciesResponse>;
  
  DeletePolicy: grpc.handleUnaryCall<_countersign_server_policy_v1_DeletePolicyRequest__Output, _countersign_server_policy_v1_DeletePolicyResponse>;
  
  DenyAll: grpc.handleUnaryCall<_countersign_server_policy_v1_DenyAllRequest__Output, _countersign_server_policy_v1_DenyAllResponse>;
  
  GetPolicySource: grpc.handleUnaryCall<_countersign_server_policy_v1_GetPolicySourceRequest__Output, _countersign_server_policy_v1_GetPolicySourceResponse>;
  
  ListPolicies: grpc.handleUnaryCall<_countersign_server_policy_v1_ListPoliciesRequest__Output, _countersign_server_policy_v1_ListPoliciesResponse>;
  
}

export interface PolicyDefinition extends grpc.ServiceDefinition {
  ApplyPolicies: MethodDefinition<_countersign_server_policy_v1_ApplyPoliciesRequest, _countersign_server_policy_v1_ApplyPoliciesResponse, _countersign_server_policy_v1_ApplyPoliciesRequest__Output, _countersign_server_policy_v1_ApplyPoliciesResponse__Output>
  DeletePolicy: MethodDefinition<_countersign_server_policy_v1_DeletePolicyRequest, _countersign_server_policy_v1_DeletePolicyResponse, _countersign_server_policy_v1_DeletePolicyRequest__Output, _countersign_server_policy_v1_DeletePolicyResponse__Output>
  DenyAll: MethodDefinition<_countersign_server_policy_v1_DenyAllRequest, _countersign_server_policy_v1_DenyAllResponse, _countersign_server_policy_v1_DenyAllRequest__Output, _countersign_server_policy_v1_DenyAllResponse__Output>
  GetPolicySource: MethodDefinition<_countersign_server_policy_v1_GetPolicySourceRequest, _countersign_server_policy_v1_GetPolicySourceResponse, _countersign_server_policy_v1_GetPolicySourceRequest__Output, _countersign_server_policy_v1_GetPolicySourceResponse__Output>
  ListPolicies: MethodDefinition<_countersign_server_policy_v1_ListPoliciesRequest, _countersign_server_policy_v1_ListPoliciesResponse, _countersign_server_policy_v1_ListPoliciesRequest__Output, _countersign_server_policy_v1_ListPoliciesResponse__Output>
}
