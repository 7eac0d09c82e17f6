/** The editor's side: finds and starts `sagespec lsp`, and shows what it makes. Nothing is sent anywhere. */

import { execFile } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import * as vscode from "vscode";
import {
  ExecuteCommandRequest,
  LanguageClient,
  type LanguageClientOptions,
  type ServerOptions,
} from "vscode-languageclient/node";
import { find, installation, type Program, quoted, type Surroundings } from "./finding";
import { isOurs, type State, statusText } from "./status";

const WINDOWS = process.platform === "win32";
const SCHEME = "sagespec";

let client: LanguageClient | undefined;
let program: Program | undefined;

export async function activate(context: vscode.ExtensionContext): Promise<void> {
  const output = vscode.window.createOutputChannel("sagespec");
  const status = new Status();
  const pages = new Pages();
  let isOffered = false;
  const offer = () => {
    const document = vscode.window.activeTextEditor?.document;
    const isWanted = status.is("missing") && document !== undefined && isOurs(document.getText());
    if (isWanted && !isOffered) {
      isOffered = true; // many people have other YAML open, and nobody wants to be asked twice
      void offerInstallation();
    }
  };
  const begin = async () => {
    try {
      await client?.stop();
    } catch (error) {
      output.appendLine(String(error)); // it has never run
    }
    client = undefined;
    status.show("starting");
    program = find(await surroundings(context));
    if (program === undefined) {
      status.show("missing");
      offer();
      return;
    }
    output.appendLine(`starting ${program.command} (found by ${program.from})`);
    client = makeClient(program, output, pages);
    try {
      await client.start();
      status.show("running");
    } catch (error) {
      output.appendLine(String(error));
      status.show("stopped");
    }
  };
  let started = Promise.resolve();
  const start = () => (started = started.then(begin, begin)); // one after the other: there is one server
  const command = (name: string, run: (...given: never[]) => unknown) =>
    vscode.commands.registerCommand(`sagespec.${name}`, run);
  context.subscriptions.push(
    output,
    status,
    vscode.workspace.registerTextDocumentContentProvider(SCHEME, pages),
    command("request", () => showRequest(pages)),
    command("plan", plan),
    command("explainRule", () => explainRule(pages)),
    command("restart", start),
    command("output", () => output.show()),
    command("install", async () => {
      await install(context, output);
      await start();
    }),
    vscode.window.onDidChangeActiveTextEditor(offer),
    vscode.workspace.onDidGrantWorkspaceTrust(start),
    vscode.workspace.onDidChangeConfiguration((event) => {
      if (event.affectsConfiguration("sagespec.path")) {
        void start();
      }
    }),
  );
  await start();
}

export async function deactivate(): Promise<void> {
  await client?.stop();
}

function makeClient(found: Program, output: vscode.OutputChannel, pages: Pages): LanguageClient {
  const server: ServerOptions = {
    command: found.command,
    args: [...found.args, "lsp"],
    options: { cwd: vscode.workspace.workspaceFolders?.[0]?.uri.fsPath },
  };
  const settings = () => vscode.workspace.getConfiguration("sagespec");
  const options: LanguageClientOptions = {
    documentSelector: [
      { scheme: "file", language: "yaml" },
      { scheme: "file", pattern: "**/*.{yaml,yml}" },
      { scheme: "file", language: "python" },
    ],
    outputChannel: output,
    initializationOptions: settings(),
    synchronize: { configurationSection: "sagespec" },
    middleware: {
      executeCommand: async (name, given, next) => {
        const made: unknown = await next(name, given);
        if (isPage(made)) {
          await pages.show(made);
        }
        return made;
      },
    },
  };
  const made = new LanguageClient("sagespec", "sagespec", server, options);
  made.registerFeature({
    fillClientCapabilities: (capabilities) => {
      capabilities.experimental = { ...(capabilities.experimental as object), sagespec: true };
    },
    initialize: () => undefined,
    getState: () => ({ kind: "static" }),
    clear: () => undefined,
  });
  return made;
}

async function surroundings(context: vscode.ExtensionContext): Promise<Surroundings> {
  const trusted = vscode.workspace.isTrusted;
  const setting = vscode.workspace.getConfiguration("sagespec").inspect<string>("path");
  const given = trusted ? (setting?.workspaceFolderValue ?? setting?.workspaceValue) : undefined;
  return {
    setting: given ?? setting?.globalValue ?? "",
    interpreter: trusted ? await interpreter() : undefined,
    storage: context.globalStorageUri.fsPath,
    trusted,
    folders: (vscode.workspace.workspaceFolders ?? []).map((folder) => folder.uri.fsPath),
    path: process.env.PATH ?? "",
    windows: WINDOWS,
  };
}

interface PythonApi {
  environments?: { getActiveEnvironmentPath(resource?: vscode.Uri): { path: string } };
}

/** What the Python extension has chosen, where it is installed. */
async function interpreter(): Promise<string | undefined> {
  const extension = vscode.extensions.getExtension<PythonApi>("ms-python.python");
  if (extension === undefined) {
    return undefined;
  }
  const api = extension.isActive ? extension.exports : await extension.activate();
  return api?.environments?.getActiveEnvironmentPath(vscode.workspace.workspaceFolders?.[0]?.uri).path;
}

// Commands

interface Page {
  title: string;
  language: string;
  text: string;
}

function isPage(value: unknown): value is Page {
  return typeof value === "object" && value !== null && "text" in value && "title" in value;
}

async function ask(name: string, given: unknown[], pages: Pages): Promise<void> {
  if (client === undefined) {
    void vscode.window.showWarningMessage("sagespec does not run; 'sagespec: Install sagespec for This Editor' brings it.");
    return;
  }
  try {
    const made: unknown = await client.sendRequest(ExecuteCommandRequest.type, { command: name, arguments: given });
    if (isPage(made)) {
      await pages.show(made);
    }
  } catch (error) {
    void vscode.window.showErrorMessage(error instanceof Error ? error.message : String(error));
  }
}

async function showRequest(pages: Pages): Promise<void> {
  const document = vscode.window.activeTextEditor?.document;
  if (document !== undefined) {
    await ask("sagespec.showRequest", [document.uri.toString()], pages);
  }
}

async function explainRule(pages: Pages): Promise<void> {
  const editor = vscode.window.activeTextEditor;
  const here = editor === undefined ? [] : vscode.languages.getDiagnostics(editor.document.uri);
  const rules = here.filter((found) => found.source === "sagespec").map((found) => String(ruleOf(found)));
  const name =
    rules.length > 0
      ? await vscode.window.showQuickPick([...new Set(rules)], { placeHolder: "a rule that has found something here" })
      : await vscode.window.showInputBox({ prompt: "the name of a rule, as findings show it" });
  if (name !== undefined && name !== "") {
    await ask("sagespec.explain", [name], pages);
  }
}

function ruleOf(found: vscode.Diagnostic): string | number | undefined {
  return typeof found.code === "object" ? found.code.value : found.code;
}

/** In a terminal, where it can ask, and where it is seen what it does: it reads the service. */
async function plan(): Promise<void> {
  const document = vscode.window.activeTextEditor?.document;
  if (document === undefined || program === undefined || !vscode.workspace.isTrusted) {
    return;
  }
  if (document.isDirty && !(await document.save())) {
    return; // the program reads the file
  }
  const terminal = vscode.window.createTerminal("sagespec plan");
  const words = [program.command, ...program.args, "plan", document.uri.fsPath].map((word) => quoted(word, WINDOWS));
  terminal.show();
  terminal.sendText(`${WINDOWS ? "& " : ""}${words.join(" ")}`);
}

async function offerInstallation(): Promise<void> {
  const install = "Install";
  const chosen = await vscode.window.showInformationMessage(
    "sagespec was not found. It can be installed for this editor alone, with pip.",
    install,
  );
  if (chosen === install) {
    await vscode.commands.executeCommand("sagespec.install");
  }
}

async function install(context: vscode.ExtensionContext, output: vscode.OutputChannel): Promise<void> {
  const bundled = join(context.extensionPath, "bundled");
  const wheel = readdirSync(bundled).find((name) => name.endsWith(".whl"));
  if (wheel === undefined) {
    return;
  }
  const python = (vscode.workspace.isTrusted ? await interpreter() : undefined) ?? (WINDOWS ? "python" : "python3");
  const steps = installation(python, context.globalStorageUri.fsPath, join(bundled, wheel), WINDOWS);
  await vscode.workspace.fs.createDirectory(context.globalStorageUri);
  await vscode.window.withProgress({ location: vscode.ProgressLocation.Notification, title: "Installing sagespec" }, async () => {
    for (const [command, ...words] of steps) {
      output.appendLine([command, ...words].join(" "));
      await run(command ?? "", words, context.globalStorageUri.fsPath, output);
    }
  });
}

function run(command: string, words: string[], cwd: string, output: vscode.OutputChannel): Promise<void> {
  return new Promise((resolve, reject) => {
    execFile(command, words, { cwd }, (error, out, wrong) => {
      output.append(out + wrong);
      if (error === null) {
        resolve();
      } else {
        output.show();
        reject(error);
      }
    });
  });
}

/** Texts that the server made, as documents that nobody can change. */
class Pages implements vscode.TextDocumentContentProvider {
  private readonly texts = new Map<string, string>();
  private readonly changed = new vscode.EventEmitter<vscode.Uri>();
  readonly onDidChange = this.changed.event;

  provideTextDocumentContent(uri: vscode.Uri): string {
    return this.texts.get(uri.path) ?? "";
  }

  async show(page: Page): Promise<void> {
    const uri = vscode.Uri.from({ scheme: SCHEME, path: `/${page.title}` });
    this.texts.set(uri.path, page.text);
    this.changed.fire(uri);
    if (page.language === "markdown") {
      await vscode.commands.executeCommand("markdown.showPreviewToSide", uri);
      return;
    }
    const document = await vscode.workspace.openTextDocument(uri);
    await vscode.languages.setTextDocumentLanguage(document, page.language);
    await vscode.window.showTextDocument(document, { preview: true, viewColumn: vscode.ViewColumn.Beside });
  }
}

/** The item in the status bar: what is wrong in the manifest that is looked at. */
class Status implements vscode.Disposable {
  private readonly item = vscode.window.createStatusBarItem("sagespec", vscode.StatusBarAlignment.Right);
  private readonly heard: vscode.Disposable[];
  private state: State = "starting";

  constructor() {
    this.item.name = "sagespec";
    this.heard = [
      vscode.languages.onDidChangeDiagnostics(() => this.refresh()),
      vscode.window.onDidChangeActiveTextEditor(() => this.refresh()),
    ];
  }

  is(state: State): boolean {
    return this.state === state;
  }

  show(state: State): void {
    this.state = state;
    this.refresh();
  }

  dispose(): void {
    this.item.dispose();
    for (const each of this.heard) {
      each.dispose();
    }
  }

  private refresh(): void {
    const document = vscode.window.activeTextEditor?.document;
    if (document === undefined || !isOurs(document.getText())) {
      this.item.hide();
      return;
    }
    const found = vscode.languages.getDiagnostics(document.uri).filter((each) => each.source === "sagespec");
    const count = (severity: vscode.DiagnosticSeverity) => found.filter((each) => each.severity === severity).length;
    const errors = count(vscode.DiagnosticSeverity.Error);
    this.item.text = statusText(this.state, { errors, warnings: count(vscode.DiagnosticSeverity.Warning) });
    this.item.command = this.state === "missing" ? "sagespec.install" : "sagespec.output";
    this.item.tooltip = program === undefined ? "sagespec was not found" : `${program.command}, by ${program.from}`;
    this.item.show();
  }
}
