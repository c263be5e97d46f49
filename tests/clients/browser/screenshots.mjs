// Pictures of what people see first: home, dashboard, activity log; wide and narrow, light and dark.
//
//   screenshots.mjs WEB EMAIL PASSWORD FOLDER
//
// Prints one line of JSON: the names of the pictures.
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { shoot, withBrowser } from './launch.mjs'

const [web, email, password, folder] = process.argv.slice(2)
const sizes = { desktop: { width: 1200, height: 860 }, phone: { width: 390, height: 844 } }
const pages = { home: '/', dashboard: '/dashboard', activity: '/activity' }
const taken = []

await mkdir(folder, { recursive: true })
for (const [size, viewport] of Object.entries(sizes)) {
  for (const colorScheme of ['light', 'dark']) {
    await withBrowser(
      async (context) => {
        const page = await context.newPage()
        await take(page, 'home')
        await page.goto(`${web}/sign-in`)
        await page.getByLabel(/^E-?mail address/).fill(email)
        await page.getByLabel('Password').fill(password)
        await page.getByRole('button', { name: 'Sign in' }).click()
        await page.waitForURL('**/dashboard')
        await take(page, 'dashboard')
        await take(page, 'activity')

        async function take(page, name) {
          await page.goto(`${web}${pages[name]}`)
          const file = `${name}-${size}-${colorScheme}.png`
          await shoot(page, { path: join(folder, file), fullPage: Boolean(process.env.ICUSYNC_WHOLE_PAGES) })
          taken.push(file)
        }
      },
      { colorScheme, viewport, reducedMotion: 'reduce' },
    )
  }
}
console.log(JSON.stringify(taken))
