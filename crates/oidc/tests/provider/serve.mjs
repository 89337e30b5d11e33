// A certified OpenID provider on loopback that signs in whoever asks, so that a test walks the flow without a browser.
// It says where it listens once it does.
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

const [, , folder, redirect] = process.argv;
const found = createRequire(`${folder}/`).resolve('oidc-provider');
const { default: Provider } = await import(pathToFileURL(found));

const server = createServer();
await new Promise((listening) => server.listen(0, '127.0.0.1', listening));
const issuer = `http://127.0.0.1:${server.address().port}`;

const client = { redirect_uris: [redirect], grant_types: ['authorization_code'], response_types: ['code'] };
const provider = new Provider(issuer, {
  clients: [
    { ...client, client_id: 'sekisho', client_secret: 'a secret: with %/+ in it', id_token_signed_response_alg: 'RS256' },
    { ...client, client_id: 'public', token_endpoint_auth_method: 'none', id_token_signed_response_alg: 'RS256' },
  ],
  cookies: { keys: ['for a test'] },
  features: { devInteractions: { enabled: false } },
  interactions: { url: (ctx, interaction) => `/sign-in/${interaction.uid}` },
  claims: { openid: ['sub'], email: ['email', 'email_verified'], groups: ['groups'] },
  conformIdTokenClaims: false,
  findAccount: (ctx, sub) => ({
    accountId: sub,
    claims: () => ({ sub, email: 'person@example.com', email_verified: true, groups: ['security'] }),
  }),
  async loadExistingGrant(ctx) {
    const grant = new provider.Grant({ clientId: ctx.oidc.client.clientId, accountId: ctx.oidc.session.accountId });
    grant.addOIDCScope('openid email groups');
    await grant.save();
    return grant;
  },
});

const answer = provider.callback();
server.on('request', (request, response) => {
  if (request.url.startsWith('/sign-in/')) {
    provider.interactionFinished(request, response, { login: { accountId: 'person-1' } });
  } else {
    answer(request, response);
  }
});
console.log(issuer);
