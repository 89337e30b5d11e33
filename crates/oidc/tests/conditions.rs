//! A bot's conditions: how they are written, and what they let through.

#![allow(clippy::unwrap_used, missing_docs)]

mod common;

use common::{US, World};
use sekisho_oidc::testing::gitlab;
use sekisho_oidc::{Claims, Conditions, Mismatch, Provider};
use serde_json::{Value, json};

fn read(text: &str) -> Result<Conditions, String> {
    toml::from_str(text).map_err(|e| e.message().to_owned())
}

/// Conditions for the issuer of `world`.
fn conditions(world: &World, provider: &str, rest: &str) -> Conditions {
    read(&format!("provider = {provider:?}\nissuer = {:?}\n{rest}", world.issuer)).unwrap()
}

async fn github_claims(world: &World, changes: Value) -> Claims {
    changed(world, world.claims(), changes).await
}

async fn gitlab_claims(world: &World, changes: Value) -> Claims {
    changed(world, gitlab(&world.issuer, US, sekisho_core::Clock::now(&*world.clock)), changes).await
}

async fn changed(world: &World, mut claims: Value, changes: Value) -> Claims {
    for (name, value) in changes.as_object().unwrap() {
        claims[name] = value.clone();
    }
    world.verify_claims(&claims).await.unwrap()
}

fn differs(outcome: Result<sekisho_oidc::Attribution, Mismatch>) -> String {
    outcome.unwrap_err().to_string()
}

#[tokio::test]
async fn a_job_that_fulfils_every_condition_is_named_in_the_log() {
    let world = World::new().await;
    let github = conditions(
        &world,
        "github",
        r#"
        repository_owner_id = 65
        repository_id = ["74", "75"]
        repository = "acme/*"
        ref = ["refs/heads/release/*", "refs/heads/main"]
        ref_type = "branch"
        ref_protected = true
        job_workflow_ref = "acme/shared/.github/workflows/install.yml@*"
        event_name = ["push", "workflow_dispatch"]
        "#,
    );
    let who = github.evaluate(&github_claims(&world, json!({})).await).unwrap();
    assert_eq!(who.repository.as_deref(), Some("acme/app"));
    assert_eq!(who.workflow.as_deref(), Some("acme/shared/.github/workflows/install.yml@refs/heads/main"));
    assert_eq!(who.run.as_deref(), Some("22259804324"));
    assert_eq!(who.commit.as_deref(), Some("c040cae0f0dc81641728557b80f09cfa23b83fe5"));
    assert_eq!(who.git_ref.as_deref(), Some("refs/heads/main"));
    assert_eq!(who.event.as_deref(), Some("push"));

    let gitlab = conditions(
        &world,
        "gitlab",
        r#"
        project_id = "20"
        namespace_id = "72"
        project_path = "acme/team/*"
        ref = "main"
        ci_config_ref_uri = "gitlab.example/acme/team/app//.gitlab-ci.yml@refs/heads/main"
        environment = "production"
        pipeline_source = "push"
        "#,
    );
    let who = gitlab.evaluate(&gitlab_claims(&world, json!({})).await).unwrap();
    assert_eq!(who.repository.as_deref(), Some("acme/team/app"));
    assert_eq!(who.run.as_deref(), Some("574"));
    assert_eq!(who.git_ref.as_deref(), Some("refs/heads/main"));
}

#[tokio::test]
async fn each_condition_that_differs_is_named_with_what_was_found() {
    let world = World::new().await;
    let one = |rest: &str| conditions(&world, "github", &format!("repository_owner_id = \"65\"\n{rest}"));
    for (rest, changes, told) in [
        ("", json!({"repository_owner_id": "66"}), "repository_owner_id: expected 65, found 66"),
        ("repository_id = 74", json!({"repository_id": "7"}), "repository_id: expected 74, found 7"),
        (
            "repository = \"acme/app\"",
            json!({"repository": "acme/app2"}),
            "repository: expected acme/app, found acme/app2",
        ),
        (
            "repository = \"acme/*\"",
            json!({"repository": "acme-evil/app"}),
            "repository: expected acme/*, found acme-evil/app",
        ),
        (
            "repository = \"acme/app\"",
            json!({"repository": "ACME/app"}),
            "repository: expected acme/app, found ACME/app",
        ),
        (
            "ref = \"refs/heads/main\"",
            json!({"ref": "refs/tags/main"}),
            "ref: expected refs/heads/main, found refs/tags/main",
        ),
        ("ref_type = \"tag\"", json!({}), "ref_type: expected tag, found branch"),
        ("ref_protected = true", json!({"ref_protected": "false"}), "ref_protected: expected true, found false"),
        ("environment = [\"prod\", \"stage\"]", json!({}), "environment: expected one of prod, stage, found nothing"),
        ("environment = \"prod\"", json!({"environment": null}), "environment: expected prod, found nothing"),
        ("environment = \"prod\"", json!({"environment": ["prod"]}), "environment: expected prod, found nothing"),
        ("event_name = \"push\"", json!({"event_name": "schedule"}), "event_name: expected push, found schedule"),
        (
            "subject = \"repo:acme/app:ref:refs/heads/main\"",
            json!({"sub": "repo:acme/app:environment:x"}),
            "subject: expected repo:acme/app:ref:refs/heads/main, found repo:acme/app:environment:x",
        ),
        (
            "workflow_ref = \"acme/app/.github/workflows/a.yml@refs/heads/main\"",
            json!({}),
            "workflow_ref: expected acme/app/.github/workflows/a.yml@refs/heads/main, found acme/app/.github/workflows/build.yml@refs/heads/main",
        ),
        (
            "ref = \"refs/heads/main\"",
            json!({"ref": "refs/heads/<b>\u{202e}\n"}),
            "ref: expected refs/heads/main, found refs/heads/?b???",
        ),
    ] {
        let outcome = one(rest).evaluate(&github_claims(&world, changes.clone()).await);
        assert_eq!(differs(outcome), told, "{rest} {changes}");
    }
}

#[tokio::test]
async fn events_of_strangers_are_refused_unless_they_are_allowed_by_name() {
    let world = World::new().await;
    let id = "repository_owner_id = \"65\"\n";
    for event in [
        "pull_request",
        "pull_request_target",
        "pull_request_review",
        "pull_request_review_comment",
        "workflow_run",
        "issues",
        "issue_comment",
        "discussion",
        "discussion_comment",
    ] {
        let claims = github_claims(&world, json!({"event_name": event})).await;
        let told = format!("event_name: expected another event, or this one in allow_events, found {event}");
        assert_eq!(differs(conditions(&world, "github", id).evaluate(&claims)), told);
        let named = format!("{id}event_name = [{event:?}]");
        assert_eq!(differs(conditions(&world, "github", &named).evaluate(&claims)), told, "naming it is not enough");
        let allowed = format!("{id}allow_events = [{event:?}]");
        conditions(&world, "github", &allowed).evaluate(&claims).unwrap();
        let generic = conditions(&world, "generic", "subject = \"repo:acme/app:ref:refs/heads/main\"");
        assert_eq!(differs(generic.evaluate(&claims)), told, "calling it generic does not help");
    }
    let only = conditions(&world, "github", &format!("{id}allow_events = [\"pull_request\"]"));
    let claims = github_claims(&world, json!({"event_name": "pull_request_target"})).await;
    assert!(only.evaluate(&claims).is_err());
    let claims = github_claims(&world, json!({"event_name": null})).await;
    assert_eq!(differs(only.evaluate(&claims)), "event_name: expected an event, found nothing");
}

#[tokio::test]
async fn merge_requests_of_gitlab_are_refused_and_those_of_forks_need_the_forks_own_id() {
    let world = World::new().await;
    let namespace = "namespace_id = \"72\"\n";
    for source in ["external_pull_request_event", "parent_pipeline", "pipeline"] {
        let claims = gitlab_claims(&world, json!({"pipeline_source": source})).await;
        let told = format!("pipeline_source: expected another event, or this one in allow_events, found {source}");
        assert_eq!(differs(conditions(&world, "gitlab", namespace).evaluate(&claims)), told);
        let allowed = format!("{namespace}allow_events = [{source:?}]");
        conditions(&world, "gitlab", &allowed).evaluate(&claims).unwrap();
    }
    let mr = gitlab_claims(&world, json!({"pipeline_source": "merge_request_event"})).await;
    assert_eq!(
        differs(conditions(&world, "gitlab", namespace).evaluate(&mr)),
        "pipeline_source: expected another event, or this one in allow_events, found merge_request_event"
    );
    let allowed = format!("{namespace}allow_events = [\"merge_request_event\"]\n");
    conditions(&world, "gitlab", &allowed).evaluate(&mr).unwrap();
    let fork = gitlab_claims(&world, json!({"pipeline_source": "merge_request_event", "project_id": "99"})).await;
    assert_eq!(
        differs(conditions(&world, "gitlab", &allowed).evaluate(&fork)),
        "job_project_id: expected a pipeline that runs in its own project, or project_id as a condition, found 20"
    );
    let fork_is_trusted = format!("{allowed}project_id = [\"20\", \"99\"]");
    conditions(&world, "gitlab", &fork_is_trusted).evaluate(&fork).unwrap();
    let other_only = format!("{allowed}project_id = \"20\"");
    assert_eq!(differs(conditions(&world, "gitlab", &other_only).evaluate(&fork)), "project_id: expected 20, found 99");
}

#[tokio::test]
async fn a_generic_issuer_is_trusted_by_subject_and_claims() {
    let world = World::new().await;
    let text =
        "subject = \"system:serviceaccount:ci:*\"\nclaims = { cluster = \"prod\", build = [1, 2], signed = true }";
    let generic = conditions(&world, "generic", text);
    let token = async |cluster: &str, build: Value, sub: &str| {
        let now = 1_795_424_400;
        world
            .verify_claims(&json!({
                "iss": world.issuer, "aud": US, "sub": sub, "iat": now, "exp": now + 60,
                "cluster": cluster, "build": build, "signed": true,
            }))
            .await
            .unwrap()
    };
    let who = generic.evaluate(&token("prod", json!(1), "system:serviceaccount:ci:runner").await).unwrap();
    assert_eq!(who.repository.as_deref(), Some("system:serviceaccount:ci:runner"));
    let other = token("prod", json!(3), "system:serviceaccount:other:runner").await;
    let all: Vec<String> = generic.mismatches(&other).iter().map(ToString::to_string).collect();
    assert_eq!(
        all,
        [
            "subject: expected system:serviceaccount:ci:*, found system:serviceaccount:other:runner",
            "build: expected one of 1, 2, found 3",
        ]
    );
    let star = token("prod*", json!(1), "system:serviceaccount:ci:x").await;
    assert_eq!(differs(generic.evaluate(&star)), "cluster: expected prod, found prod*");
}

#[tokio::test]
async fn another_issuers_token_is_not_trusted_by_its_claims() {
    let world = World::new().await;
    let other = read("provider = \"github\"\nissuer = \"https://id.example\"\nrepository_owner_id = \"65\"").unwrap();
    let told = differs(other.evaluate(&github_claims(&world, json!({})).await));
    assert!(told.starts_with("issuer: expected https://id.example, found http:"), "{told}");
}

#[test]
fn conditions_that_trust_everybody_are_an_error() {
    let told = |provider: &str, rest: &str| {
        read(&format!("provider = {provider:?}\nissuer = \"https://id.example\"\n{rest}")).unwrap_err()
    };
    let github = "this would trust everybody whom the issuer signs for: give repository_owner_id, or repository_id, or a whole subject";
    assert_eq!(told("github", ""), github);
    assert_eq!(told("github", "repository = \"acme/app\""), github, "a name can be given to somebody else");
    assert_eq!(told("github", "subject = \"repo:acme/*\""), github);
    assert_eq!(
        told("gitlab", "ref = \"main\""),
        "this would trust everybody whom the issuer signs for: give namespace_id, or project_id, or a whole subject"
    );
    assert_eq!(told("generic", ""), "this would trust everybody whom the issuer signs for: give a subject, or a claim");
    for subject in ["*", "organization:*", "repo:*", "organization:ac*", "::*", "repo:acme*"] {
        let why = told("generic", &format!("subject = {subject:?}"));
        assert_eq!(why, "subject: before the `*` two whole parts are needed, as in `repo:acme/*`", "{subject}");
    }
}

#[test]
fn what_is_written_wrong_is_named() {
    let told = |text: &str| read(text).unwrap_err();
    let github = |rest: &str| {
        told(&format!("provider = \"github\"\nissuer = \"https://id.example\"\nrepository_owner_id = \"65\"\n{rest}"))
    };
    assert_eq!(
        github("repositry = \"acme/app\""),
        "\"repositry\" is no condition for github; there are repository_owner_id, repository_id, repository_owner, repository, \
         repository_visibility, ref, ref_type, ref_protected, workflow_ref, job_workflow_ref, environment, event_name, \
         runner_environment, subject"
    );
    assert!(github("project_id = \"1\"").starts_with("\"project_id\" is no condition for github"));
    assert_eq!(
        github("repository_id = \"acme/app\""),
        "repository_id: an id is a number, as the provider's interface shows it, not a name"
    );
    assert_eq!(
        github("repository = \"acme*\""),
        "repository: before the `*` too little is left: at least 1 slashes and a name"
    );
    assert_eq!(github("repository = \"*/app\""), "repository: `*` may stand at the end only");
    assert_eq!(github("ref_protected = \"yes\""), "ref_protected: true or false");
    assert_eq!(github("event_name = \"*\""), "event_name: `*` is not possible here");
    assert_eq!(
        github("environment = \"*\""),
        "environment: before the `*` too little is left: at least 0 slashes and a name"
    );
    assert_eq!(github("environment = []"), "the list is empty: leave the condition out, or give it a value");
    assert_eq!(github("environment = \"\""), "a value has 1 to 512 bytes and no control characters");
    assert_eq!(github("environment = [[\"a\"]]"), "a list within a list");
    assert!(github("environment = 1.5").contains("expected a text, or a list of texts"));
    assert_eq!(
        github("allow_events = [\"push\"]"),
        "allow_events: \"push\" needs no permission here; those that do are pull_request, pull_request_target, \
         pull_request_review, pull_request_review_comment, workflow_run, issues, issue_comment, discussion, \
         discussion_comment, merge_request_event, external_pull_request_event, parent_pipeline, pipeline"
    );
    assert_eq!(
        github("claims = { a = \"b\" }"),
        "claims: only for provider \"generic\"; github has conditions by name"
    );
    let generic = |rest: &str| told(&format!("provider = \"generic\"\nissuer = \"https://id.example\"\n{rest}"));
    assert_eq!(generic("claims = { sub = \"x\" }"), "claims: sub is written as `subject`");
    assert_eq!(generic("claims = { aud = \"x\" }"), "claims: aud is checked for every token");
    assert_eq!(generic("claims = { a = \"x*\" }"), "claims: a: `*` is not possible here, values are compared whole");
    assert_eq!(
        told("provider = \"github\"\nissuer = \"id.example\"\nrepository_id = 1"),
        "issuer: not an address like https://id.example"
    );
    assert!(told("provider = \"jenkins\"\nissuer = \"https://id.example\"").contains("unknown variant `jenkins`"));
    assert_eq!(told("provider = \"github\"\nrepository_id = 1"), "missing field `issuer`");
    let public = "provider = \"generic\"\nissuer = \"https://token.actions.githubusercontent.com\"\nsubject = \"repo:acme/app:*\"";
    assert_eq!(told(public), "issuer: with this one, provider has to be \"github\"");
}

#[test]
fn conditions_are_written_back_as_toml_and_as_json() {
    let texts = [
        "provider = \"github\"\nissuer = \"https://id.example\"\nallow_events = [\"pull_request\"]\nrepository_id = 7\nref_protected = true",
        "provider = \"generic\"\nissuer = \"https://id.example\"\nsubject = \"a:b:*\"\nclaims = { x = [\"1\", \"2\"] }",
    ];
    for text in texts {
        let conditions = read(text).unwrap();
        let again: Conditions = toml::from_str(&toml::to_string(&conditions).unwrap()).unwrap();
        assert_eq!(again, conditions);
        let again: Conditions = serde_json::from_str(&serde_json::to_string(&conditions).unwrap()).unwrap();
        assert_eq!(again, conditions);
    }
    let json = serde_json::to_string(&read(texts[0]).unwrap()).unwrap();
    assert_eq!(
        json,
        r#"{"provider":"github","issuer":"https://id.example","allow_events":["pull_request"],"ref_protected":["true"],"repository_id":["7"]}"#
    );
    assert_eq!(read(texts[0]).unwrap().provider(), Provider::Github);
}
