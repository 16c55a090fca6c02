// Original file: proto/countersign/agent/proxy/v1/proxy.proto

import type { TcpConnection as _countersign_agent_proxy_v1_TcpConnection, TcpConnection__Output as _countersign_agent_proxy_v1_TcpConnection__Output } from '../../../../countersign/agent/proxy/v1/TcpConnection.ts';
import type { UnixConnection as _countersign_agent_proxy_v1_UnixConnection, UnixConnection__Output as _countersign_agent_proxy_v1_UnixConnection__Output } from '../../../../countersign/agent/proxy/v1/UnixConnection.ts';

export interface IdentifyRequest {
  'tcpClient'?: (_countersign_agent_proxy_v1_TcpConnection | null);
  'tcpUpstream'?: (_countersign_agent_proxy_v1_TcpConnection | null);
  'unixUpstream'?: (_countersign_agent_proxy_v1_UnixConnection | null);
  'expectedSpiffeId'?: (string);
  'connection'?: "tcpClient"|"tcpUpstream"|"unixUpstream";
}

export interface IdentifyRequest__Output {
  'tcpClient'?: (_countersign_agent_proxy_v1_TcpConnection__Output | null);
  'tcpUpstream'?: (_countersign_agent_proxy_v1_TcpConnection__Output | null);
  'unixUpstream'?: (_countersign_agent_proxy_v1_UnixConnection__Output | null);
  'expectedSpiffeId': (string);
  'connection'?: "tcpClient"|"tcpUpstream"|"unixUpstream";
}
