//! Paths as clients send them, and as attackers do.

use sekisho_npm::path::parse;
use sekisho_npm::{NpmPath, NpmPathError, NpmRoute};

fn show(raw: &str) -> String {
    match parse(raw) {
        Ok(NpmPath::Packument(name)) => format!("packument {name}"),
        Ok(NpmPath::Version { name, spec }) => format!("version {name} {spec}"),
        Ok(NpmPath::Tarball { name, file }) => format!("tarball {name} {file}"),
        Ok(NpmPath::DistTags(name)) => format!("dist-tags {name}"),
        Ok(NpmPath::Attestations { name, version }) => format!("attestations {name} {version}"),
        Ok(other) => format!("{:?}", other.route()),
        Err(error) => format!("error {error:?}"),
    }
}

#[test]
fn what_clients_send_is_named() {
    for (raw, wanted) in [
        ("express", "packument express"),
        ("JSONStream", "packument JSONStream"),
        ("@types/node", "packument @types/node"),
        ("@types%2fnode", "packument @types/node"),
        ("@types%2Fnode", "packument @types/node"),
        ("%40types%2Fnode", "packument @types/node"),
        ("%40types/node", "packument @types/node"),
        ("express/4.0.0", "version express 4.0.0"),
        ("express/latest", "version express latest"),
        ("express/1.0.0%2Bbuild", "version express 1.0.0+build"),
        ("@types%2fnode/latest", "version @types/node latest"),
        ("@types/node/20.0.0", "version @types/node 20.0.0"),
        ("express/-/express-4.0.0.tgz", "tarball express express-4.0.0.tgz"),
        ("@types/node/-/node-1.0.0.tgz", "tarball @types/node node-1.0.0.tgz"),
        ("@types%2fnode/-/node-1.0.0.tgz", "tarball @types/node node-1.0.0.tgz"),
        ("@types%2Fnode/-/node-1.0.0%2bx.tgz", "tarball @types/node node-1.0.0+x.tgz"),
        ("-/package/express/dist-tags", "dist-tags express"),
        ("-/package/@types%2fnode/dist-tags", "dist-tags @types/node"),
        ("-/package/@types/node/dist-tags", "dist-tags @types/node"),
        ("-/ping", "Ping"),
        ("-/whoami", "Whoami"),
        ("", "Unknown"),
        ("-", "packument -"),
        ("-/-/--0.0.1.tgz", "tarball - --0.0.1.tgz"),
        ("-/v1/search", "Search"),
        ("-/npm/v1/security/advisories/bulk", "AuditBulk"),
        ("-/npm/v1/security/audits", "AuditTree"),
        ("-/npm/v1/security/audits/quick", "AuditTree"),
        ("-/npm/v1/keys", "Keys"),
        ("-/npm/v1/tokens", "Tokens"),
        ("-/npm/v1/tokens/token/abc", "Tokens"),
        ("-/npm/v1/attestations/express@4.0.0", "attestations express 4.0.0"),
        ("-/npm/v1/attestations/@types%2fnode@20.0.0", "attestations @types/node 20.0.0"),
        ("-/npm/v1/attestations/@types/node@20.0.0", "attestations @types/node 20.0.0"),
        ("-/npm/v1/attestations/express", "Unknown"),
        ("-/npm/v1/attestations/express@", "Unknown"),
        ("-/npm/v1/attestations/@types%2fnode", "error Character"),
        ("-/npm/v1/attestations", "Unknown"),
        ("-/npm/v1/user", "Unknown"),
        ("-/package/express/dist-tags/latest", "Unknown"),
        ("-/ping/x", "Unknown"),
        ("express/-rev/1-abc", "Unknown"),
        ("express/-", "Unknown"),
        ("express/-/a/b", "Unknown"),
        ("express/-/a%20b.tgz", "Unknown"),
    ] {
        assert_eq!(show(raw), wanted, "{raw}");
    }
}

#[test]
fn what_attackers_send_is_refused() {
    use NpmPathError::*;
    for (raw, wanted) in [
        ("..", Walk),
        ("../express", Walk),
        ("express/..", Walk),
        ("express/-/..", Walk),
        ("express/%2e%2e", Walk),
        ("express/-/%2E.", Walk),
        ("./express", Walk),
        ("express/", Walk),
        ("/express", Walk),
        ("express//1.0.0", Walk),
        ("-/package//dist-tags", Walk),
        ("@types%2f", Walk),
        ("@types%2f..", Walk),
        ("@types%2f%2fnode", Walk),
        ("express%2f1.0.0", Character),
        ("express%2F-%2Fexpress-1.0.0.tgz", Character),
        ("express/-/x%2fexpress-1.0.0.tgz", Character),
        ("express/@a%2fb", Character),
        ("express/-/@a%2fb.tgz", Character),
        ("@types/node%2fx", Character),
        ("express%5c..", Character),
        (r"express\..\x", Character),
        ("express%00", Character),
        ("express/1.0.0%00", Character),
        ("express/%0d%0aSet-Cookie", Character),
        ("express%7f", Character),
        ("express%252f1.0.0", Character),
        ("express/-/%252e%252e", Character),
        ("express/%", Character),
        ("express/%zz", Character),
        ("express/%ff", NotUtf8),
        ("@types", Name),
        ("@types/-/x.tgz", Name),
        ("@types%2f-/x.tgz", Name),
        ("@types%2f-", Name),
        ("-/package/@types%2f-/dist-tags", Name),
        ("@/x", Name),
        ("@a/b%20c", Name),
        ("express%3fwrite=true", Name),
        (".npmrc", Name),
        ("%e9xpress", NotUtf8),
        ("\u{e9}xpress", Name),
        ("-/package", Name),
        ("@a%2fb%2fc", Name),
        ("-/@a%2fb", Character),
    ] {
        assert_eq!(parse(raw), Err(wanted), "{raw}");
    }
    assert_eq!(parse(&"a".repeat(5_000)), Err(TooLong));
    assert_eq!(parse(&"a".repeat(300)), Err(Name));
    assert_eq!(parse(&format!("a/{}", "1".repeat(300))), Ok(NpmPath::Unknown));
}

#[test]
fn every_kind_of_path_is_listed_once() {
    let of_each = [
        "a",
        "a/1",
        "a/-/a.tgz",
        "-/package/a/dist-tags",
        "-/npm/v1/security/advisories/bulk",
        "-/npm/v1/security/audits/quick",
        "-/v1/search",
        "-/npm/v1/keys",
        "-/npm/v1/attestations/a@1",
        "-/npm/v1/tokens",
        "-/ping",
        "-/whoami",
        "-/x",
    ];
    let routes: Vec<NpmRoute> = of_each.iter().map(|raw| parse(raw).unwrap().route()).collect();
    assert_eq!(routes, NpmRoute::ALL);
    for raw in of_each {
        let path = parse(raw).unwrap();
        let serves = path.route().serves_packages() && path.route() != NpmRoute::Search;
        assert_eq!(path.name().is_some(), serves, "{raw}");
    }
}
