// Long work in short pieces, so that the page goes on answering.

// A page that is busy for longer than this feels stuck.
const LONGEST = 40;

/**
 * A function to call between pieces of work: it lets the page breathe when it is due.
 * @param {AbortSignal} [signal] Makes the next call throw its reason once it is aborted.
 * @returns {() => Promise<void> | undefined}
 */
export function pacer(signal) {
  let since = performance.now();
  return () => {
    signal?.throwIfAborted();
    if (performance.now() - since < LONGEST) return undefined;
    return new Promise((resolve) => {
      const go = () => {
        since = performance.now();
        resolve();
      };
      // Timers let everything else go first, but rest in pages that are not seen; messages do not.
      if (!self.document?.hidden) {
        setTimeout(go);
        return;
      }
      const channel = new MessageChannel();
      channel.port1.onmessage = () => {
        channel.port1.close();
        go();
      };
      channel.port2.postMessage(null);
    });
  };
}
