// Lets the scripts of this folder import the packages that scripts/setup put into the cache:
//   "$ICUSYNC_NODE" --import ./tests/clients/modules.mjs script.mjs
import { registerHooks } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

const packages = process.env.ICUSYNC_NODE_MODULES
if (!packages) throw new Error('ICUSYNC_NODE_MODULES is not set: run through scripts/env')
// Bare names are looked up as if from a file beside the folder of packages; all else as ever.
const beside = pathToFileURL(join(packages, '..', 'beside.mjs')).href
const ours = new URL('.', import.meta.url).href

registerHooks({
  resolve(specifier, context, next) {
    const bare = !/^(\.|\/|[a-z]+:)/.test(specifier)
    return next(specifier, bare && context.parentURL?.startsWith(ours) ? { ...context, parentURL: beside } : context)
  },
})
