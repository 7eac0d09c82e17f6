/** Which `sagespec` is started: decided without VS Code, so that it can be tested without it. */

import { existsSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";

/** A program and how it begins; where it was found, for people. */
export interface Program {
  command: string;
  args: string[];
  from: string;
}

/** What is known of the machine and of the editor. */
export interface Surroundings {
  /** The setting `sagespec.path`; empty where nobody has set it. */
  setting: string;
  /** The interpreter that the Python extension has chosen. */
  interpreter?: string;
  /** Where the editor keeps this extension's files. */
  storage: string;
  /** The workspace may decide what is started. */
  trusted: boolean;
  /** The folders of the workspace. */
  folders: string[];
  path: string;
  windows: boolean;
  exists?: (path: string) => boolean;
}

const EMPTY = "";

/** The first `sagespec` in the order of the documentation; undefined where there is none. */
export function find(around: Surroundings): Program | undefined {
  const exists = around.exists ?? existsSync;
  const name = around.windows ? "sagespec.exe" : "sagespec";
  if (around.setting !== EMPTY) {
    return { command: around.setting, args: [], from: "the setting sagespec.path" };
  }
  if (around.interpreter !== undefined && allowed(around, around.interpreter)) {
    const beside = join(dirname(around.interpreter), name);
    if (exists(beside)) {
      return { command: beside, args: [], from: "the Python extension's interpreter" };
    }
  }
  for (const folder of around.path.split(around.windows ? ";" : delimiter)) {
    const candidate = join(folder, name);
    if (isAbsolute(folder, around.windows) && allowed(around, candidate) && exists(candidate)) {
      return { command: candidate, args: [], from: "PATH" };
    }
  }
  const own = join(environmentOf(around.storage), around.windows ? "Scripts" : "bin", name);
  return exists(own) ? { command: own, args: [], from: "sagespec: Install" } : undefined;
}

/** Where *sagespec: Install* makes its environment. */
export function environmentOf(storage: string): string {
  return join(storage, "environment");
}

/** Of a folder that is not trusted, nothing may be started. */
function allowed(around: Surroundings, path: string): boolean {
  return around.trusted || !around.folders.some((folder) => isInside(path, folder, around.windows));
}

export function isInside(path: string, folder: string, windows: boolean): boolean {
  const plain = (text: string) => {
    const slashes = text.replace(/\\/g, "/").replace(/\/+$/, "");
    return windows ? slashes.toLowerCase() : slashes;
  };
  return plain(path) === plain(folder) || plain(path).startsWith(`${plain(folder)}/`);
}

function isAbsolute(path: string, windows: boolean): boolean {
  return windows ? /^([A-Za-z]:[\\/]|\\\\)/.test(path) : path.startsWith("/");
}

/** The steps of *sagespec: Install*: an environment of the editor's own, with the wheel that came along. */
export function installation(python: string, storage: string, wheel: string, windows: boolean): string[][] {
  const environment = environmentOf(storage);
  const inner = join(environment, windows ? "Scripts" : "bin", windows ? "python.exe" : "python");
  return [
    [python, "-m", "venv", "--clear", environment],
    [inner, "-m", "pip", "install", "--disable-pip-version-check", "--quiet", wheel],
  ];
}

/** A word of a command line, as a shell reads it. */
export function quoted(word: string, windows: boolean): string {
  if (/^[\w@%+=:,./-]+$/.test(word)) {
    return word;
  }
  return windows ? `'${word.replace(/'/g, "''")}'` : `'${word.replace(/'/g, `'\\''`)}'`;
}
