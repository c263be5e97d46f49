// Somebody who signs in through the identity provider alone, and confirms there from each page that asks who is there. Browsers hold a
// form to its page's policy along the whole way, which leads to the provider and back.
//
//   provider.mjs WEB NAME PATH...
//
// NAME is what people call the provider. Prints one line of JSON: the pages that came back ("confirmed"), and "problems": what the
// console said.
import { withBrowser } from './launch.mjs'

const [web, name, ...paths] = process.argv.slice(2)
const told = { confirmed: [], problems: [] }

for (const path of paths) {
  await withBrowser(async (context) => {
    const page = await context.newPage()
    page.on('console', (message) => ['error', 'warning'].includes(message.type()) && told.problems.push(`${path}: ${message.text()}`))
    page.on('pageerror', (error) => told.problems.push(String(error)))
    await page.goto(`${web}/sign-in`)
    await page.getByRole('button', { name: `Continue with ${name}` }).click()
    await page.waitForURL('**/dashboard')
    await page.goto(`${web}${path}`)
    const confirm = page.getByRole('button', { name: `Confirm with ${name}` })
    await confirm.click()
    await confirm.waitFor({ state: 'detached' })
    if (new URL(page.url()).pathname === path) told.confirmed.push(path)
  })
}
console.log(JSON.stringify(told))
