// A headless Chromium for one script: a profile of its own that is gone afterwards, and no way off this machine.
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { chromium } from 'playwright-core'

/**
 * Runs `use(context)` with a fresh browser context and closes everything, also when it throws.
 * `options` are playwright's for a context: viewport, colorScheme, javaScriptEnabled, …
 */
export async function withBrowser(use, options = {}) {
  const profile = await mkdtemp(join(tmpdir(), 'icusync-browser-'))
  let context
  try {
    context = await chromium.launchPersistentContext(profile, {
      executablePath: process.env.ICUSYNC_CHROMIUM || undefined,
      headless: true,
      // It opens nothing but our own pages on loopback; the sandbox refuses root and most containers.
      chromiumSandbox: false,
      args: [
        '--disable-gpu',
        '--disable-quic',
        '--disable-dev-shm-usage',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
        // A page that asks a stranger for anything gets no answer, here as on a machine without a network.
        '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1',
        '--no-proxy-server',
      ],
      ...options,
    })
    context.setDefaultTimeout(15_000)
    return await use(context)
  } finally {
    await context?.close()
    await rm(profile, { recursive: true, force: true, maxRetries: 5 })
  }
}

// What Chromium says when it has no frame to hand out at the moment: a busy machine, not the page.
const NOT_NOW = /Unable to capture screenshot/

/**
 * Takes a picture of the page; `options` are playwright's for a screenshot. What the browser itself cannot do at the
 * moment is tried again, four times; everything else is the page's fault, and thrown at once.
 */
export async function shoot(page, options) {
  for (const wait of [100, 300, 1000, 3000]) {
    try {
      return await page.screenshot(options)
    } catch (error) {
      if (!NOT_NOW.test(error.message)) throw error
      await pause(wait)
    }
  }
  return page.screenshot(options)
}

/**
 * A function that takes pictures of a page into `folder` for people to look at, on a desk and on a phone, by day and by night.
 * Without a folder it takes none.
 */
export function picturesIn(folder) {
  const sizes = { desktop: { width: 1200, height: 900 }, phone: { width: 360, height: 740 } }
  return async (page, name) => {
    if (!folder) return
    await mkdir(folder, { recursive: true })
    for (const [size, viewport] of Object.entries(sizes)) {
      for (const colorScheme of ['light', 'dark']) {
        await page.setViewportSize(viewport)
        await page.emulateMedia({ colorScheme })
        await shoot(page, { path: join(folder, `${name}-${size}-${colorScheme}.png`), fullPage: true })
      }
    }
    await page.setViewportSize(sizes.desktop)
    await page.emulateMedia({ colorScheme: 'light' })
  }
}
