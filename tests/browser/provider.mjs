// A certified OpenID provider (oidc-provider, from the folder in the first argument) with the page at which its people sign in.
// Its own page for trials loads a font from elsewhere and has no labels; this one is a plain form. Says where it listens, and
// ends with whoever started it.
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const found = createRequire(`${process.argv[2]}/`).resolve("oidc-provider");
const { default: Provider } = await import(pathToFileURL(found));

const PEOPLE = {
  mika: { email: "mika.tanaka@people.example", email_verified: true, groups: ["chiefs"] },
  kei: { email: "kei.ono@people.example", email_verified: true, groups: ["engineers", "climbers"] },
  noa: { email: "noa.hara@people.example", email_verified: false, groups: ["chiefs"] },
};

const server = createServer();
await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
const issuer = `http://127.0.0.1:${server.address().port}`;

const provider = new Provider(issuer, {
  clients: [{
    client_id: "sekisho",
    client_secret: "of the tests",
    redirect_uris: [`${issuer}/sign-in/provider/back`],
    grant_types: ["authorization_code"],
    response_types: ["code"],
  }],
  cookies: { keys: ["of the tests"] },
  features: { devInteractions: { enabled: false } },
  interactions: { url: (ctx, interaction) => `/interaction/${interaction.uid}` },
  claims: { openid: ["sub"], email: ["email", "email_verified"], groups: ["groups"] },
  conformIdTokenClaims: false,
  findAccount: (ctx, sub) => ({ accountId: sub, claims: () => ({ sub, ...PEOPLE[sub] }) }),
  async loadExistingGrant(ctx) {
    const grant = new provider.Grant({ clientId: ctx.oidc.client.clientId, accountId: ctx.oidc.session.accountId });
    grant.addOIDCScope("openid email groups");
    await grant.save();
    return grant;
  },
});
// Every world has a gate on a port of its own, and half of them speak TLS.
const BACK = /^https?:\/\/127\.0\.0\.1:\d+\/sign-in\/provider\/back$/;
provider.Client.prototype.redirectUriAllowed = (address) => BACK.test(address);

const PAGE = `<!doctype html><html lang="en"><meta charset="utf-8"><title>Example ID</title><h1>Example ID</h1>
<form method="post"><label>Login <input name="login"></label> <button>Continue</button></form>
<form method="post"><button name="turned" value="back">Turn back</button></form></html>`;

async function finish(request, response) {
  let body = "";
  for await (const piece of request) body += piece;
  const form = new URLSearchParams(body);
  const result = form.has("turned") ? { error: "access_denied" } : { login: { accountId: form.get("login") } };
  await provider.interactionFinished(request, response, result);
}

const answer = provider.callback();
server.on("request", (request, response) => {
  if (!request.url.startsWith("/interaction/")) answer(request, response);
  else if (request.method === "POST") finish(request, response);
  else response.setHeader("content-type", "text/html; charset=utf-8").end(PAGE);
});
process.stdin.on("end", () => process.exit()).resume();
console.log(issuer);
