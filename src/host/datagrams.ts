export interface DatagramSender extends AsyncDisposable {
  /** Waits while the receiver is away or slow. @throws BargeError system. */
  send(payload: Buffer): Promise<void>;
}

/** Datagrams to unix sockets, which Node cannot send. */
export interface Datagrams {
  /** @throws BargeError system without a socket at `path`. */
  open(path: string): Promise<DatagramSender>;
}
