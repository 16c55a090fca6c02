/** The agent's half of node attestation: what proves to the server which node this is. */

export interface AgentNodeAttestor {
  /** Its name on the wire and in configuration. */
  readonly type: string
  /** The first message. Throws a Failure when there is nothing to attest with. */
  payload(): Promise<Uint8Array>
  /** The answer to a challenge of the server. Throws a Failure when none is expected. */
  respond(challenge: Uint8Array): Promise<Uint8Array>
}
