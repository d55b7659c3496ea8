/**
 * A real OpenID Connect provider for the tests: `node oidc-provider.mjs`, with its settings as JSON in OIDC.
 * Whoever is hinted at is signed in at once; everything else (PKCE, codes, keys, tokens) is the library's own.
 */
import { createServer } from "node:http";
import { Provider } from "oidc-provider";

const { port, redirect, people } = JSON.parse(process.env.OIDC);

const provider = new Provider(`http://127.0.0.1:${port}`, {
  clients: [{ client_id: "stillroom", client_secret: "a-client-secret", redirect_uris: [redirect] }],
  claims: { openid: ["sub"], email: ["email", "email_verified"], profile: ["name", "groups"] },
  cookies: { keys: ["for-tests"] },
  features: { devInteractions: { enabled: false } },
  interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
  findAccount: (_, id) => people[id] && { accountId: id, claims: () => ({ sub: `sub-${id}`, ...people[id] }) },
  // Consent is not what is tested here: the client may have what it asks for.
  async loadExistingGrant(context) {
    const grant = new context.oidc.provider.Grant({ clientId: context.oidc.client.clientId, accountId: context.oidc.session.accountId });
    grant.addOIDCScope("openid email profile");
    await grant.save();
    return grant;
  },
});

provider.use(async (context, next) => {
  if (!context.path.startsWith("/interaction/")) return next();
  const { params } = await provider.interactionDetails(context.req, context.res);
  await provider.interactionFinished(context.req, context.res, { login: { accountId: params.login_hint } });
  context.respond = false;
});

createServer(provider.callback()).listen(port, "127.0.0.1", () => console.log("ready"));
