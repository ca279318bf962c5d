/**
 * Joins the modules that the compiler wrote into `dist`: one file for each public module, and what they share in few files
 * under `dist/shared`. A program that imports the package then reads dozens of files and not hundreds, which is what an
 * import costs. Declarations stay as the compiler wrote them.
 */
import { mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { rollup } from "rollup"

const dist = fileURLToPath(new URL("../../dist", import.meta.url))
/** In bytes of source: smaller shared files are joined with others that are loaded whenever they are. */
const smallestSharedFile = 20_000

const modules = () =>
  readdirSync(dist, { recursive: true, encoding: "utf8" }).filter((path) => path.endsWith(".js"))

const input = Object.fromEntries(
  modules()
    .filter((path) => !/[\\/]/.test(path))
    .map((path) => [path.slice(0, -".js".length), join(dist, path)])
)

const bundle = await rollup({
  input,
  external: (id) => !id.startsWith(".") && !id.startsWith("/") && !id.startsWith(dist),
  logLevel: "warn",
  onwarn: (warning) => {
    throw new Error(`bundling: ${warning.message}`)
  }
})
const { output } = await bundle.generate({
  format: "es",
  chunkFileNames: "shared/[name].js",
  experimentalMinChunkSize: smallestSharedFile
})
await bundle.close()

for (const path of modules()) rmSync(join(dist, path))
mkdirSync(join(dist, "shared"), { recursive: true })
for (const { code, fileName } of output) writeFileSync(join(dist, fileName), code)
