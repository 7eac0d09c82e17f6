/** What the status item says. */

export interface Counts {
  errors: number;
  warnings: number;
}

export type State = "starting" | "running" | "missing" | "stopped";

export function statusText(state: State, found: Counts): string {
  if (state !== "running") {
    return { starting: "$(sync~spin) sagespec", missing: "$(warning) sagespec: not found", stopped: "$(circle-slash) sagespec" }[
      state
    ];
  }
  if (found.errors > 0) {
    return `$(error) sagespec ${found.errors}`;
  }
  return found.warnings > 0 ? `$(warning) sagespec ${found.warnings}` : "$(check) sagespec";
}

/** The text of a document that is a manifest or defaults of ours: the item is shown for these alone. */
export function isOurs(text: string): boolean {
  return /^\s*["']?apiVersion["']?\s*:\s*["']?sagespec\//m.test(text);
}
