// Signs in and disconnects intervals.icu.
//
//   disconnect.mjs WEB EMAIL with-javascript|without-javascript
//
// Prints one line of JSON: {"state": the badge on the dashboard}
import { withBrowser } from './launch.mjs'

const [web, email, mode] = process.argv.slice(2)
const told = await withBrowser(
  async (context) => {
    const page = await context.newPage()
    await page.goto(`${web}/dashboard`)
    await page.getByLabel(/^E-?mail address/).fill(email)
    await page.getByLabel('Password').fill('a long enough password')
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.waitForURL('**/dashboard')
    await page.getByRole('link', { name: 'Disconnect' }).click()
    await page.getByRole('button', { name: /disconnect/i }).click()
    await page.waitForURL('**/dashboard**')
    return { state: (await page.locator('.badge').first().innerText()).trim() }
  },
  { javaScriptEnabled: mode === 'with-javascript' },
)
console.log(JSON.stringify(told))
