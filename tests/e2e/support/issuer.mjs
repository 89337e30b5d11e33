// An issuer of ID tokens in the shapes that GitHub Actions and GitLab CI document, signed with a key of its own. Prints its
// address. /token answers a step's request as GitHub's runner does, with the token from the first argument; /gitlab gives a token
// as GitLab puts it into a job's variables. Other words of the query replace claims.
import { createServer } from "node:http";
import { generateKeyPairSync, randomUUID, sign } from "node:crypto";

const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
const part = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
let issuer;

function signed(claims) {
  const now = Math.floor(Date.now() / 1000);
  const times = { iss: issuer, jti: randomUUID(), iat: now, nbf: now - 5, exp: now + 300 };
  const text = `${part({ typ: "JWT", alg: "RS256", kid: "one" })}.${part({ ...claims, ...times })}`;
  return `${text}.${sign("sha256", Buffer.from(text), privateKey).toString("base64url")}`;
}

const github = (aud, ref = "refs/heads/main") => ({
  aud, ref, sub: `repo:acme/app:ref:${ref}`, sha: "f00dfeed".repeat(5), repository: "acme/app", repository_owner: "acme",
  repository_owner_id: "65", repository_id: "74", repository_visibility: "private", run_id: "9001", run_number: "10",
  run_attempt: "1", actor: "kei", actor_id: "12", workflow: "build", head_ref: "", base_ref: "", event_name: "push",
  ref_type: "branch", ref_protected: "true", workflow_ref: `acme/app/.github/workflows/build.yml@${ref}`,
  job_workflow_ref: `acme/app/.github/workflows/build.yml@${ref}`, runner_environment: "github-hosted",
});

const gitlab = (aud, ref = "main") => ({
  aud, ref, sub: `project_path:acme/app:ref_type:branch:ref:${ref}`, namespace_id: "72", namespace_path: "acme",
  project_id: "20", project_path: "acme/app", user_id: "1", user_login: "kei", user_email: "kei@example.com",
  pipeline_id: "574", pipeline_source: "push", job_id: "302", ref_type: "branch", ref_path: `refs/heads/${ref}`,
  ref_protected: "true", runner_id: 1, runner_environment: "gitlab-hosted", sha: "f00dfeed".repeat(5),
});

const server = createServer((request, response) => {
  const url = new URL(request.url, issuer);
  const { audience, "api-version": _, ...others } = Object.fromEntries(url.searchParams);
  const json = (value) => response.end(JSON.stringify(value));
  response.setHeader("content-type", "application/json; charset=utf-8");
  if (url.pathname === "/.well-known/openid-configuration") {
    json({ issuer, jwks_uri: `${issuer}/keys`, subject_types_supported: ["public"], response_types_supported: ["id_token"],
      id_token_signing_alg_values_supported: ["RS256"] });
  } else if (url.pathname === "/keys") {
    json({ keys: [{ ...publicKey.export({ format: "jwk" }), kid: "one", use: "sig", alg: "RS256" }] });
  } else if (url.pathname === "/token" && request.headers.authorization === `Bearer ${process.argv[2]}`) {
    json({ count: 1, value: signed({ ...github(audience, others.ref), ...others }) });
  } else if (url.pathname === "/gitlab") {
    response.end(signed({ ...gitlab(audience, others.ref), ...others }));
  } else {
    response.writeHead(401).end("{}");
  }
});
server.listen(0, "127.0.0.1", () => {
  issuer = `http://127.0.0.1:${server.address().port}`;
  console.log(issuer);
});
