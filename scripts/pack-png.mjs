// Packs pictures smaller, in place and without a visible change: the browser's PNG is written for speed. Colours are
// reduced to the 256 that matter most (pages have few), then the rows are packed anew with zlib's best.
//
//   node scripts/pack-png.mjs FILE...
import { readFileSync, writeFileSync } from 'node:fs'
import { constants, crc32, deflateSync, inflateSync } from 'node:zlib'

for (const file of process.argv.slice(2)) {
  const before = readFileSync(file)
  const image = read(before)
  if (!image) continue
  const after = write(image)
  if (after.length < before.length) writeFileSync(file, after)
}

// PNG, third edition: 8 bits a sample, RGB or RGBA, not interlaced; anything else is left as it is.
function read(bytes) {
  let at = 8
  let head
  const data = []
  while (at < bytes.length) {
    const length = bytes.readUInt32BE(at)
    const kind = bytes.toString('latin1', at + 4, at + 8)
    const body = bytes.subarray(at + 8, at + 8 + length)
    if (kind === 'IHDR') head = body
    if (kind === 'IDAT') data.push(body)
    at += 12 + length
  }
  const [width, height] = [head.readUInt32BE(0), head.readUInt32BE(4)]
  const samples = { 2: 3, 6: 4 }[head[9]]
  if (head[8] !== 8 || !samples || head[12] !== 0) return null
  const raw = inflateSync(Buffer.concat(data))
  const stride = width * samples
  const rows = Buffer.alloc(stride * height)
  for (let y = 0; y < height; y++) {
    const filter = raw[y * (stride + 1)]
    for (let x = 0; x < stride; x++) {
      const left = x < samples ? 0 : rows[y * stride + x - samples]
      const up = y === 0 ? 0 : rows[(y - 1) * stride + x]
      const corner = x < samples || y === 0 ? 0 : rows[(y - 1) * stride + x - samples]
      const predicted = [0, left, up, (left + up) >> 1, paeth(left, up, corner)][filter]
      rows[y * stride + x] = raw[y * (stride + 1) + 1 + x] + predicted
    }
  }
  return { width, height, samples, rows }
}

function paeth(a, b, c) {
  const [pa, pb, pc] = [Math.abs(b - c), Math.abs(a - c), Math.abs(a + b - 2 * c)]
  return pa <= pb && pa <= pc ? a : pb <= pc ? b : c
}

function write({ width, height, samples, rows }) {
  const counts = new Map()
  for (let i = 0; i < rows.length; i += samples) {
    const colour = (rows[i] << 16) | (rows[i + 1] << 8) | rows[i + 2]
    counts.set(colour, (counts.get(colour) ?? 0) + 1)
  }
  const palette = medianCut([...counts], 256)
  const nearest = new Map()
  for (const colour of counts.keys()) nearest.set(colour, closest(colour, palette))
  const raw = Buffer.alloc((width + 1) * height)
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const i = (y * width + x) * samples
      raw[y * (width + 1) + 1 + x] = nearest.get((rows[i] << 16) | (rows[i + 1] << 8) | rows[i + 2])
    }
  }
  const head = Buffer.alloc(13)
  head.writeUInt32BE(width, 0)
  head.writeUInt32BE(height, 4)
  head.set([8, 3, 0, 0, 0], 8)
  const colours = Buffer.from(palette.flatMap((colour) => channels(colour)))
  const packed = [constants.Z_DEFAULT_STRATEGY, constants.Z_FILTERED, constants.Z_RLE]
    .map((strategy) => deflateSync(raw, { level: 9, memLevel: 9, strategy }))
    .reduce((least, other) => (other.length < least.length ? other : least))
  const signature = Buffer.from([137, 80, 78, 71, 13, 10, 26, 10])
  return Buffer.concat([signature, chunk('IHDR', head), chunk('PLTE', colours), chunk('IDAT', packed), chunk('IEND', Buffer.alloc(0))])
}

function channels(colour) {
  return [colour >> 16, (colour >> 8) & 255, colour & 255]
}

// Heckbert's median cut: the box of colours with the widest channel, weighed by its pixels, is halved until there are
// enough; a box becomes its most frequent colour, so that flat areas keep theirs exactly.
function medianCut(colours, most) {
  const boxes = [colours]
  while (boxes.length < most) {
    const widest = boxes
      .map((box, at) => ({ at, ...spread(box) }))
      .filter(({ width }) => width > 0)
      .sort((a, b) => b.weight - a.weight)[0]
    if (!widest) break
    const box = boxes[widest.at].sort(([a], [b]) => channels(a)[widest.channel] - channels(b)[widest.channel])
    const half = box.reduce((sum, [, count]) => sum + Math.sqrt(count), 0) / 2
    let [cut, sum] = [0, 0]
    while (cut < box.length - 1 && sum < half) sum += Math.sqrt(box[cut++][1])
    boxes.splice(widest.at, 1, box.slice(0, Math.max(cut, 1)), box.slice(Math.max(cut, 1)))
  }
  return boxes.map((box) => box.reduce((best, entry) => (entry[1] > best[1] ? entry : best))[0])
}

function spread(box) {
  const widths = [0, 1, 2].map((channel) => {
    const values = box.map(([colour]) => channels(colour)[channel])
    return values.reduce((a, b) => Math.max(a, b)) - values.reduce((a, b) => Math.min(a, b))
  })
  const width = Math.max(...widths)
  return { width, channel: widths.indexOf(width), weight: width * Math.log2(1 + box.length) }
}

function closest(colour, palette) {
  const own = channels(colour)
  let [best, least] = [0, Infinity]
  palette.forEach((other, at) => {
    const far = channels(other).reduce((sum, value, i) => sum + (value - own[i]) ** 2, 0)
    if (far < least) [best, least] = [at, far]
  })
  return best
}

function chunk(kind, body) {
  const tagged = Buffer.concat([Buffer.from(kind, 'latin1'), body])
  const bytes = Buffer.alloc(body.length + 12)
  bytes.writeUInt32BE(body.length, 0)
  tagged.copy(bytes, 4)
  bytes.writeUInt32BE(crc32(tagged), body.length + 8)
  return bytes
}
