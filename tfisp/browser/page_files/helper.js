// The worker as the page sees it: questions and answers.

import { Fault } from "./fault.js";

export class Helper {
  constructor() {
    this.worker = new Worker(new URL("./worker.js", import.meta.url), { type: "module" });
    this.waiting = new Map();
    this.count = 0;
    this.worker.onmessage = ({ data }) => this.#answer(data);
  }

  /**
   * Asks for a task of `worker.js`.
   * @param {"read" | "look" | "classical" | "png" | "jpeg"} task
   * @param {unknown} argument
   * @returns {Promise<any>} Rejected with an AbortError where a newer question replaced it.
   * @throws {Fault} What the task says.
   */
  ask(task, argument) {
    const number = ++this.count;
    this.worker.postMessage({ number, task, argument });
    return new Promise((resolve, reject) => this.waiting.set(number, { resolve, reject }));
  }

  #answer({ number, result, fault, expected, replaced }) {
    const { resolve, reject } = this.waiting.get(number);
    this.waiting.delete(number);
    if (fault === undefined) resolve(result);
    else if (replaced) reject(new DOMException(fault, "AbortError"));
    else reject(expected ? new Fault(fault) : new Error(fault));
  }
}
