// The carrier's own helper for JavaScript, asked over standard input and output: {what, ...} in, JSON out.

import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'

const require = createRequire(import.meta.url)
const twilio = require('twilio')
const { getExpectedTwilioSignature } = require('twilio/lib/webhooks/webhooks')
// The library that the helper itself signs with.
const jsonwebtoken = createRequire(require.resolve('twilio'))('jsonwebtoken')

const { AccessToken } = twilio.jwt
const { VoiceResponse } = twilio.twiml

// A form as a web framework hands it on: a name that stands there twice has an array.
function formOf(pairs) {
  const form = Object.create(null)
  for (const [name, value] of pairs) {
    if (!(name in form)) form[name] = value
    else form[name] = [].concat(form[name], value)
  }
  return form
}

function parts(token) {
  return token.split('.').slice(0, 2).map(part => JSON.parse(Buffer.from(part, 'base64url')))
}

const answers = {
  tokens({ cases, secret }) {
    return cases.map(({ account, key, identity, ttl, issuedAt, incoming, application, params, ours }) => {
      Date.now = () => issuedAt * 1000
      const token = new AccessToken(account, key, secret, { identity, ttl })
      token.addGrant(
        new AccessToken.VoiceGrant({ incomingAllow: incoming, outgoingApplicationSid: application, outgoingApplicationParams: params }),
      )
      const theirs = token.toJwt()
      const verified = jsonwebtoken.verify(ours, secret, { algorithms: ['HS256'], clockTimestamp: issuedAt, issuer: key, subject: account })
      return { theirs, parts: parts(theirs), oursParts: parts(ours), verified }
    })
  },

  signatures({ cases }) {
    return cases.map(({ token, url, pairs, ours }) => {
      const form = formOf(pairs)
      return {
        theirs: getExpectedTwilioSignature(token, url, form),
        believesOurs: twilio.validateRequest(token, ours, url, form),
        believesAnother: twilio.validateRequest(`${token}x`, ours, url, form),
      }
    })
  },

  twiml({ cases }) {
    return cases.map(verbs => {
      const response = new VoiceResponse()
      for (const [verb, attributes, content, conference] of verbs) {
        if (verb === 'dial') response.dial(attributes).conference(conference, content)
        else if (verb === 'say' || verb === 'play') response[verb](attributes, content)
        else response[verb](attributes)
      }
      return response.toString()
    })
  },

  async requests({ account, token, operations }) {
    const requests = []
    const httpClient = {
      async request({ method, uri, username, password, params, data }) {
        requests.push({ method, uri, username, password, params, data })
        return { statusCode: method === 'delete' ? 204 : 200, body: { calls: [], conferences: [], participants: [], recordings: [] } }
      },
    }
    const client = twilio(account, token, { httpClient })
    for (const { path, arguments: given } of operations) {
      let target = client
      const last = path.pop()
      for (const [name, ...keys] of path) target = keys.length ? target[name](...keys) : target[name]
      // What they make of the answer is no matter here.
      const [name] = last
      if (given.startTimeAfter) given.startTimeAfter = new Date(given.startTimeAfter)
      await target[name](given).catch(() => {})
    }
    return requests
  },
}

const { what, ...question } = JSON.parse(readFileSync(0, 'utf8'))
process.stdout.write(JSON.stringify(await answers[what](question)))
