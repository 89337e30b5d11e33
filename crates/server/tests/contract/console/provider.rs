//! Signing in at an identity provider: what counts, what is linked, what groups give. With a certified provider and a real
//! browser the flow is walked end to end; here the provider says what an honest one would not.

use sekisho_core::Clock;
use sekisho_core::id::OrgId;
use sekisho_core::org::Role;
use sekisho_oidc::testing::{TestKey, jwks};
use sekisho_testkit::{Answer, Setup, TestApp};
use sekisho_upstream::testing::Reply;
use serde_json::{Value, json};
use url::Url;

use super::support::Browser;
use crate::support::on_both_engines;

const ORG: &str = "OR01K6NBQK6XFVQ8ZZR024H36H2N";

/// An identity provider at the fake upstream.
struct Provider {
    app: TestApp,
    key: TestKey,
    issuer: String,
}

impl Provider {
    async fn start(setup: Setup) -> Provider {
        let roles = format!("guard_viewer@{ORG}=engineers, guard_manager@{ORG}=security");
        let roles: Vec<String> = roles.split(", ").map(|one| format!("{one:?}")).collect();
        let app = setup
            .provider()
            .file(&format!(
                "[console.oidc]\nclient_id = \"sekisho\"\nname = \"Acme\"\nroles = [{}]\n",
                roles.join(", ")
            ))
            .start()
            .await;
        app.organisation_with_id(OrgId::parse(ORG).unwrap(), "Acme").await;
        let (key, issuer) = (TestKey::p256("one"), app.upstream.at("idp").to_string());
        let document = json!({
            "issuer": issuer, "jwks_uri": format!("{issuer}/jwks"), "token_endpoint": format!("{issuer}/token"),
            "authorization_endpoint": format!("{issuer}/authorize"), "response_types_supported": ["code"],
        });
        app.upstream.on("/idp/.well-known/openid-configuration", Reply::json(document.to_string()));
        app.upstream.on("/idp/jwks", Reply::json(jwks(&[&key])));
        Provider { app, key, issuer }
    }

    /// Goes to the provider; what the address there asks for.
    async fn go(&self, browser: &mut Browser) -> Url {
        let gone = browser.get(&self.app, "/sign-in/provider?next=%2Fme").await;
        assert_eq!(gone.status, 303, "{}", gone.text());
        Url::parse(gone.header("location").unwrap()).unwrap()
    }

    /// Comes back with a code for which the provider hands out these claims.
    async fn back(&self, browser: &mut Browser, asked: &Url, state: Option<&str>, claims: Value) -> Answer {
        let query = |name: &str| asked.query_pairs().find(|(n, _)| n == name).unwrap().1.into_owned();
        let at = self.app.clock.now().0 / 1000;
        let mut all = json!({
            "iss": self.issuer, "aud": "sekisho", "sub": "person-1", "iat": at, "exp": at + 300, "nonce": query("nonce"),
            "email": "person@acme.example", "email_verified": true,
        });
        all.as_object_mut().unwrap().extend(claims.as_object().unwrap().clone());
        let token = self.key.sign(&json!({"alg": "ES256", "kid": "one"}).to_string(), &all.to_string());
        self.app.upstream.on("/idp/token", Reply::json(json!({"id_token": token}).to_string()));
        let state = state.map_or_else(|| query("state"), str::to_owned);
        browser.get(&self.app, &format!("/sign-in/provider/back?code=c&state={state}")).await
    }

    /// The whole way of somebody about whom the provider says this.
    async fn sign_in(&self, claims: Value) -> (Browser, Answer) {
        let mut browser = Browser::new();
        let asked = self.go(&mut browser).await;
        let answer = self.back(&mut browser, &asked, None, claims).await;
        (browser, answer)
    }

    async fn role(&self, email: &str) -> Option<Role> {
        let email = sekisho_core::email::EmailAddress::parse(email).unwrap();
        let member = self.app.app.store.organisations().member(OrgId::parse(ORG).unwrap(), &email).await.unwrap();
        member.map(|member| member.role)
    }
}

on_both_engines! {
    async fn the_way_to_the_provider_has_pkce_state_and_nonce_of_this_browser(setup) {
        let provider = Provider::start(setup).await;
        let page = Browser::new().get(&provider.app, "/sign-in").await;
        assert!(page.text().contains("/sign-in/provider?next=%2Fconsole") && page.text().contains("Acme"));
        let asked = provider.go(&mut Browser::new()).await;
        let query = |url: &Url, name: &str| url.query_pairs().find(|(n, _)| n == name).map(|(_, value)| value.into_owned());
        assert_eq!(query(&asked, "code_challenge_method").as_deref(), Some("S256"));
        assert_eq!(query(&asked, "redirect_uri").as_deref(), Some("http://127.0.0.1:8417/sign-in/provider/back"));
        assert_eq!(query(&asked, "scope").as_deref(), Some("openid email"));
        let other = provider.go(&mut Browser::new()).await;
        for name in ["state", "nonce", "code_challenge"] {
            assert_ne!(query(&asked, name), query(&other, name), "{name}");
        }
    }

    async fn a_person_signs_in_and_stays_the_same_when_the_address_changes(setup) {
        let provider = Provider::start(setup).await;
        let (mut browser, done) = provider.sign_in(json!({})).await;
        assert_eq!((done.status, done.header("location")), (303, Some("/me")), "{}", done.text());
        assert!(browser.cookie("sekisho-session").is_some() && browser.cookie("sekisho-provider").is_none());
        assert!(browser.get(&provider.app, "/sign-in/first").await.text().contains("person@acme.example"));
        let (mut browser, _) = provider.sign_in(json!({"email": "other@acme.example", "email_verified": false})).await;
        assert!(
            browser.get(&provider.app, "/sign-in/first").await.text().contains("person@acme.example"),
            "iss and sub count"
        );
    }

    async fn only_a_verified_address_that_nobody_else_has_is_linked(setup) {
        let provider = Provider::start(setup).await;
        for claims in [
            json!({"email_verified": false}),
            json!({"email_verified": null}),
            json!({"email": null}),
            json!({"email": "no address"}),
        ] {
            let (browser, refused) = provider.sign_in(claims.clone()).await;
            assert!(refused.status == 403 && refused.text().contains("not verified"), "{claims}: {}", refused.text());
            assert!(browser.cookie("sekisho-session").is_none());
        }
        provider.sign_in(json!({})).await;
        let (browser, refused) = provider.sign_in(json!({"sub": "person-2"})).await;
        assert!(refused.status == 403 && refused.text().contains("belonged to somebody else"), "{}", refused.text());
        assert!(browser.cookie("sekisho-session").is_none());
    }

    async fn what_comes_back_counts_only_in_the_browser_that_went_and_with_its_nonce(setup) {
        let provider = Provider::start(setup).await;
        let mut browser = Browser::new();
        let asked = provider.go(&mut browser).await;
        let without = provider.back(&mut Browser::new(), &asked, None, json!({})).await;
        assert!(without.text().contains("This sign-in is over"), "no cookie");
        let mut other = Browser::new();
        provider.go(&mut other).await;
        let wrong = provider.back(&mut other, &asked, None, json!({})).await;
        assert!(wrong.text().contains("This sign-in is over"), "another browser's state");
        let guessed = provider.back(&mut browser.clone(), &asked, Some("guess"), json!({})).await;
        assert!(guessed.text().contains("This sign-in is over"), "a guess");
        for claims in [
            json!({"nonce": "another"}),
            json!({"aud": "somebody"}),
            json!({"exp": 1}),
            json!({"iss": "http://127.0.0.1:1/"}),
        ] {
            let refused = provider.back(&mut browser.clone(), &asked, None, claims.clone()).await;
            assert!(
                refused.status == 403 && refused.text().contains("did not sign you in"),
                "{claims}: {}",
                refused.text()
            );
        }
        let denied = browser.clone();
        let state = asked.query_pairs().find(|(n, _)| n == "state").unwrap().1.into_owned();
        let path = format!("/sign-in/provider/back?error=access_denied&state={state}");
        assert_eq!(denied.clone().get(&provider.app, &path).await.status, 403);
        assert_eq!(provider.back(&mut browser, &asked, None, json!({})).await.status, 303);
    }

    async fn the_way_back_counts_as_a_sign_in_of_its_network(setup) {
        let provider = Provider::start(setup.set("limits.registrations_per_hour", "2")).await;
        for n in 0..2 {
            assert_eq!(provider.sign_in(json!({"sub": n.to_string(), "email": format!("p{n}@acme.example")})).await.1.status, 303);
        }
        let asked = provider.app.upstream.count("/idp/token");
        let (browser, third) = provider.sign_in(json!({})).await;
        assert!(third.status == 429 && third.text().contains("Too many tries"), "{}", third.text());
        assert!(browser.cookie("sekisho-session").is_none());
        assert_eq!(provider.app.upstream.count("/idp/token"), asked, "the provider is not asked");
        provider.app.advance(3600);
        assert_eq!(provider.sign_in(json!({})).await.1.status, 303);
    }

    async fn groups_give_and_take_roles_and_leave_those_that_were_given_by_hand(setup) {
        let provider = Provider::start(setup).await;
        provider.sign_in(json!({"groups": ["engineers", "others"]})).await;
        assert_eq!(provider.role("person@acme.example").await, Some(Role::GuardViewer));
        provider.sign_in(json!({"groups": ["engineers", "security"]})).await;
        assert_eq!(provider.role("person@acme.example").await, Some(Role::GuardManager), "the highest");
        provider.sign_in(json!({"groups": "engineers"})).await;
        assert_eq!(provider.role("person@acme.example").await, Some(Role::GuardViewer), "one text is one group");
        provider.sign_in(json!({})).await;
        assert_eq!(provider.role("person@acme.example").await, None);
        let org = OrgId::parse(ORG).unwrap();
        provider.app.member(org, "person@acme.example", Role::Owner).await;
        provider.sign_in(json!({"groups": ["engineers"]})).await;
        assert_eq!(provider.role("person@acme.example").await, Some(Role::Owner), "by hand");
    }
}

#[tokio::test]
async fn a_provider_that_is_away_is_told_and_the_mailed_code_still_works() {
    let provider = Provider::start(Setup::default()).await;
    provider.app.upstream.on("/idp/.well-known/openid-configuration", Reply::status(500));
    let away = Browser::new().get(&provider.app, "/sign-in/provider").await;
    assert!(away.status == 503 && away.text().contains("does not answer"), "{}", away.text());
    provider.app.member(OrgId::parse(ORG).unwrap(), "me@acme.example", Role::Owner).await;
    Browser::sign_in(&provider.app, "me@acme.example").await;
    let none = TestApp::start().await;
    assert_eq!(Browser::new().get(&none, "/sign-in/provider").await.status, 404, "none is configured");
}
