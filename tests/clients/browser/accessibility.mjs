// Every page through axe-core, in light and dark, wide and narrow, with everything unfolded: WCAG 2.2 A and AA, and no
// scrolling sideways.
//
//   accessibility.mjs WEB EMAIL PASSWORD PATH...
//
// Paths before `--` are seen by a stranger, those after it by the person. Prints one line of JSON: a list of what is
// wrong, empty when nothing is.
import axe from 'axe-core'
import { withBrowser } from './launch.mjs'

const [web, email, password, ...paths] = process.argv.slice(2)
const cut = paths.indexOf('--')
const rules = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']
const wrong = []

for (const colorScheme of ['light', 'dark']) {
  for (const viewport of [{ width: 1200, height: 900 }, { width: 360, height: 740 }]) {
    await withBrowser(
      async (context) => {
        const page = await context.newPage()
        for (const path of paths.slice(0, cut)) await look(page, path, colorScheme, viewport)
        await page.goto(`${web}/sign-in`)
        await page.getByLabel(/^E-?mail address/).fill(email)
        await page.getByLabel('Password').fill('not the password')
        await page.getByRole('button', { name: 'Sign in' }).click()
        await page.getByRole('alert').waitFor()
        await check(page, 'a refused sign-in', colorScheme, viewport)
        await page.getByLabel('Password').fill(password)
        await page.getByRole('button', { name: 'Sign in' }).click()
        await page.waitForURL('**/dashboard')
        for (const path of paths.slice(cut + 1)) await look(page, path, colorScheme, viewport)
      },
      { colorScheme, viewport, reducedMotion: 'reduce' },
    )
  }
}
console.log(JSON.stringify(wrong))

async function look(page, path, colorScheme, viewport) {
  await page.goto(`${web}${path}`)
  await check(page, path, colorScheme, viewport)
}

async function check(page, name, colorScheme, { width }) {
  for (const fold of await page.locator('details').all()) await fold.evaluate((element) => { element.open = true })
  await page.evaluate(axe.source)
  const { violations } = await page.evaluate((values) => globalThis.axe.run(document, { runOnly: values }), rules)
  for (const { id, nodes } of violations) wrong.push(`${name} (${colorScheme}, ${width}): ${id} at ${nodes[0].target}`)
  const sideways = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)
  if (sideways > 0) wrong.push(`${name} (${colorScheme}, ${width}): ${sideways} px too wide`)
}
