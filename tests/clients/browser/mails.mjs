// Every mail at a phone's width, in light and dark: nothing scrolls sideways, nothing is loaded, and axe-core finds the
// text readable.
//
//   mails.mjs FOLDER [PICTURES]
//
// FOLDER holds one HTML file a mail. With PICTURES a picture of each is left there. Prints one line of JSON: how many were
// looked at, and what is wrong.
import { mkdir, readdir, readFile } from 'node:fs/promises'
import { join, parse } from 'node:path'
import axe from 'axe-core'
import { shoot, withBrowser } from './launch.mjs'

const [folder, pictures] = process.argv.slice(2)
const files = (await readdir(folder)).sort()
const rules = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']
const viewport = { width: 360, height: 740 }
const wrong = []
let looked = 0

if (pictures) await mkdir(pictures, { recursive: true })
for (const colorScheme of ['light', 'dark']) {
  await withBrowser(
    async (context) => {
      const page = await context.newPage()
      page.on('request', (request) => wrong.push(`${name} (${colorScheme}): loads ${request.url()}`))
      let name
      for (const file of files) {
        name = parse(file).name
        await page.setContent(await readFile(join(folder, file), 'utf8'))
        await page.evaluate(axe.source)
        const { violations } = await page.evaluate(
          (values) => globalThis.axe.run(document, { runOnly: values }),
          rules,
        )
        for (const { id, nodes } of violations) wrong.push(`${name} (${colorScheme}): ${id} at ${nodes[0].html}`)
        const sideways = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)
        if (sideways > 0) wrong.push(`${name} (${colorScheme}): ${sideways} px too wide`)
        const background = await page.evaluate(() => getComputedStyle(document.body).backgroundColor)
        const bright = Number(background.match(/\d+/)[0]) > 128
        if (bright !== (colorScheme === 'light')) wrong.push(`${name} (${colorScheme}): is ${background}`)
        if (pictures) await shoot(page, { path: join(pictures, `mail-${name}-${colorScheme}.png`), fullPage: true })
        looked += 1
      }
    },
    { colorScheme, viewport },
  )
}
console.log(JSON.stringify({ looked, wrong }))
