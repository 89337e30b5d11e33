// Writes `a<TAB>b<TAB>-1|0|1` by semver.compare, and `a<TAB><TAB>!` where npm does not take `a` as a version.
const semver = require('semver')

let state = 20261123
const random = (below) => {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0
  return Math.floor((state / 2 ** 32) * below)
}
const pick = (list) => list[random(list.length)]

const numbers = ['0', '1', '2', '3', '9', '10', '11', '100', '2147483648', '4294967296', '9007199254740990', '9007199254740991']
const identifiers = ['0', '1', '2', '9', '10', '11', 'a', 'b', 'A', 'Z', 'alpha', 'beta', 'rc', 'rc1', 'rc-1', '-', '--', '-1', 'x', '0a',
  '01a', '1-0', 'next', 'canary', '20260101', '20260101120000', '9007199254740990', '9007199254740991']
const builds = ['0', '01', 'build', 'build.1', '001', '-', 'sha-abc.20260101']

const version = () => {
  let text = `${pick(numbers)}.${pick(numbers)}.${pick(numbers)}`
  if (random(10) < 6) {
    text += '-' + Array.from({ length: 1 + random(4) }, () => pick(identifiers)).join('.')
  }
  if (random(10) < 2) text += '+' + pick(builds)
  return random(12) === 0 ? 'v' + text : text
}

// A neighbour differs in one place only: that is where orders differ.
const neighbour = (text) => {
  switch (random(7)) {
    case 0: return text.replace(/-.*/, '')
    case 1: return text.replace(/\+.*/, '') + '+other'
    case 2: return text.includes('+') ? text.replace('+', '.1+') : text + (text.includes('-') ? '.1' : '-0')
    case 3: return text.replace(/\d+/, () => pick(numbers))
    case 4: return text.replace(/-[0-9A-Za-z-]+/, () => '-' + pick(identifiers))
    case 5: return text.startsWith('v') ? text.slice(1) : 'v' + text
    default: return text.replace(/\.(\d+)/, () => '.' + pick(numbers))
  }
}

const invalid = ['', ' ', 'v', '1', '1.2', 'v1.2', '1.2.', '1.2.3.', '1.2.3.4', '.1.2.3', '1..3', '01.2.3', '1.02.3', '1.2.03', '1.2.3-', '1.2.3+',
  '1.2.3-+b', '1.2.3-01', '1.2.3-a..b', '1.2.3-a.', '1.2.3-.a', '1.2.3-a_b', '1.2.3+a+b', '1.2.3+a..b', '-1.2.3', '+1.2.3', '1.2.-3', '1.2.3 beta',
  '1.2.3beta', '1.2.x', '1.2.*', '*', 'x', 'latest', '^1.2.3', '~1.2.3', '>=1.2.3', '=1.2.3', '==1.2.3', 'vv1.2.3', 'V1.2.3', 'v 1.2.3', '1.2.3 - 2.0.0',
  '1.2.3 || 2.0.0', '1,2,3', '1.2.3-é', '1.2.3-\u200b', '１.2.3', '0x1.2.3', '1e3.0.0', '9007199254740992.0.0', '0.9007199254740992.0',
  '0.0.9007199254740992', '18446744073709551616.0.0', '99999999999999999999.0.0', '1.0.0-' + 'a'.repeat(251), '1.0.0-' + 'a.'.repeat(130) + 'a',
  '1'.repeat(300) + '.0.0', '1.2.3-0123', '1.2.3-0.01', '1.2.3-00', '1.2.3-a.00', 'v=1.2.3', '1.2.3;', '1.2.3/', '../1.2.3', 'NaN.0.0', 'Infinity.0.0']
// npm takes blanks around a version.
const blank = [' 1.2.3', '1.2.3 ', ' v1.2.3-a ']

const lines = new Set()
const add = (a, b) => {
  const bad = [a, b].find((text) => semver.parse(text) === null)
  lines.add(bad === undefined ? `${a}\t${b}\t${semver.compare(a, b)}` : `${bad}\t\t!`)
}
for (const text of [...invalid, ...blank]) add(text, '1.0.0')
while (lines.size < 6000) {
  const a = version()
  add(a, random(3) === 0 ? version() : neighbour(a))
}
// The order of the precedence rules' own examples, each against each.
const known = ['0.0.0-0', '0.0.0', '0.0.1', '1.0.0-0', '1.0.0-alpha', '1.0.0-alpha.1', '1.0.0-alpha.beta', '1.0.0-beta', '1.0.0-beta.2', '1.0.0-beta.11', '1.0.0-rc.1', '1.0.0']
for (const a of known) for (const b of known) add(a, b)
// Numbers that a float can't tell apart, each against each.
const huge = ['9007199254740990', '9007199254740991', '9007199254740992', '9007199254740993', '18446744073709551615', '18446744073709551616', '99999999999999999998', '99999999999999999999', 'a']
for (const a of huge) for (const b of huge) add(`1.0.0-${a}`, `1.0.0-${b}`)
process.stdout.write([...lines].join('\n') + '\n')
