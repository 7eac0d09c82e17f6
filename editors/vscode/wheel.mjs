// Builds the wheel that travels inside the extension, and brings the licence along.
import { copyFileSync, mkdirSync, rmSync } from "node:fs";
import { spawnSync } from "node:child_process";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const repository = join(here, "..", "..");
const bundled = join(here, "bundled");
rmSync(bundled, { recursive: true, force: true });
mkdirSync(bundled);
copyFileSync(join(repository, "LICENSE"), join(here, "LICENSE"));
const python = process.env.PYTHON ?? "python3";
const made = spawnSync(python, ["-m", "build", "--wheel", "--no-isolation", "--outdir", bundled, repository], {
  stdio: ["ignore", "ignore", "inherit"],
});
if (made.status !== 0) {
  console.error(`${python} could not build the wheel; PYTHON names another interpreter, with 'build' and 'hatchling'`);
  process.exit(1);
}
