import assert from "node:assert/strict";
import test from "node:test";
import { find, installation, isInside, quoted, type Surroundings } from "../src/finding";
import { isOurs, statusText } from "../src/status";

const HERE: Surroundings = {
  setting: "",
  interpreter: "/project/.venv/bin/python",
  storage: "/storage",
  trusted: true,
  folders: ["/project"],
  path: "bin:/usr/bin:/project/tools:/opt/bin",
  windows: false,
  exists: () => true,
};

const only = (...there: string[]) => ({ exists: (path: string) => there.includes(path) });

test("the setting comes first, whatever else is there", () => {
  assert.equal(find({ ...HERE, setting: "/mine/sagespec" })?.command, "/mine/sagespec");
});

test("then the Python extension's interpreter, PATH, and what was installed for the editor", () => {
  assert.equal(find(HERE)?.command, "/project/.venv/bin/sagespec");
  assert.equal(find({ ...HERE, ...only("/opt/bin/sagespec") })?.command, "/opt/bin/sagespec");
  const own = "/storage/environment/bin/sagespec";
  assert.equal(find({ ...HERE, ...only(own) })?.command, own);
  assert.equal(find({ ...HERE, ...only() }), undefined);
});

test("nothing of a folder that is not trusted is started", () => {
  const inside = only("/project/.venv/bin/sagespec", "/project/tools/sagespec", "/opt/bin/sagespec");
  assert.equal(find({ ...HERE, ...inside, trusted: false })?.command, "/opt/bin/sagespec");
  assert.equal(find({ ...HERE, ...only("/project/tools/sagespec"), trusted: false }), undefined);
});

test("a relative folder of PATH is passed over: it would lie in the workspace", () => {
  assert.equal(find({ ...HERE, interpreter: undefined })?.command, "/usr/bin/sagespec");
});

test("folders that begin alike are not inside each other", () => {
  assert.equal(isInside("/project-2/x", "/project", false), false);
  assert.equal(isInside("C:\\Project\\x", "c:/project/", true), true);
});

test("the wheel that came along goes into an environment of the editor's own", () => {
  assert.deepEqual(installation("python3", "/storage", "/ext/sagespec.whl", false), [
    ["python3", "-m", "venv", "--clear", "/storage/environment"],
    [
      "/storage/environment/bin/python",
      "-m",
      "pip",
      "install",
      "--disable-pip-version-check",
      "--quiet",
      "/ext/sagespec.whl",
    ],
  ]);
});

test("a file name cannot become a command in the terminal", () => {
  assert.equal(quoted("jobs/mnist.yaml", false), "jobs/mnist.yaml");
  assert.equal(quoted("a; rm -rf 'b'", false), "'a; rm -rf '\\''b'\\'''");
  assert.equal(quoted("$(x)'", true), "'$(x)'''");
});

test("the status item counts, errors first", () => {
  assert.equal(statusText("running", { errors: 2, warnings: 5 }), "$(error) sagespec 2");
  assert.equal(statusText("running", { errors: 0, warnings: 1 }), "$(warning) sagespec 1");
  assert.equal(statusText("running", { errors: 0, warnings: 0 }), "$(check) sagespec");
  assert.equal(statusText("missing", { errors: 0, warnings: 0 }), "$(warning) sagespec: not found");
});

test("manifests are told from other YAML", () => {
  assert.equal(isOurs("# x\napiVersion: sagespec/v1\n"), true);
  assert.equal(isOurs('{"apiVersion": "sagespec/v1"}'.replace("{", "{\n")), true);
  assert.equal(isOurs("apiVersion: apps/v1\n"), false);
});
