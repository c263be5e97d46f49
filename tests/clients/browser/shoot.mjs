// What happens when a picture cannot be taken: tried again when it is the browser that cannot, and not otherwise.
//
//   shoot.mjs
//
// Prints one line of JSON, by what goes wrong: how often a picture was asked for, how large it came out (bytes), what
// was thrown.
import { shoot, withBrowser } from './launch.mjs'

const told = {}

await withBrowser(async (context) => {
  const page = await context.newPage()
  await page.setContent('<h1>A page</h1>')
  told.busy = await failing(page, 2, 'page.screenshot: Protocol error (Page.captureScreenshot): Unable to capture screenshot')
  told.stuck = await failing(page, Infinity, 'page.screenshot: Protocol error (Page.captureScreenshot): Unable to capture screenshot')
  told.wrong = await failing(page, 1, 'page.screenshot: Timeout 15000ms exceeded, waiting for fonts to load')
})
console.log(JSON.stringify(told))

// A picture of the page, of which the first `times` fail with these words.
async function failing(page, times, words) {
  let asked = 0
  const screenshot = (options) => {
    asked += 1
    if (asked <= times) throw new Error(words)
    return page.screenshot(options)
  }
  try {
    return { bytes: (await shoot({ screenshot }, {})).length, asked }
  } catch (error) {
    return { thrown: error.message, asked }
  }
}
