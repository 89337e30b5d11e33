//! What the letters say, whole, and the shape that people and tests copy from.

mod common;

use common::{BASE, key, known, letters, sections, welcome};
use sekisho_core::Language;

#[test]
fn every_letter_reads_as_it_should() {
    for language in Language::ALL {
        for (name, letter) in letters(language, BASE, "you@example.com") {
            let whole = format!("Subject: {}\n\n{}", letter.subject(), letter.body());
            insta::assert_snapshot!(format!("{name}_{language}"), whole);
        }
    }
}

#[test]
fn set_up_over_plain_http_from_afar_tells_the_clients_that_it_is_allowed() {
    for (name, base) in [("http", "http://gate.example:8417"), ("https", "https://gate.example")] {
        let letter = welcome(Language::En, base, "you@example.com");
        let mut lines = vec![];
        for section in sections(letter.body()) {
            lines.extend(section.blocks.into_iter().flat_map(|(_, lines)| lines));
        }
        insta::assert_snapshot!(format!("lines_{name}"), lines.join("\n"));
    }
}

#[test]
fn both_languages_have_the_same_sections_and_the_same_lines_to_copy() {
    let english = letters(Language::En, BASE, "you@example.com");
    let japanese = letters(Language::Ja, BASE, "you@example.com");
    for ((name, en), (_, ja)) in english.iter().zip(&japanese) {
        let (en, ja) = (sections(en.body()), sections(ja.body()));
        assert_eq!(en.len(), ja.len(), "{name}: one language has a section that the other lacks");
        for (en, ja) in en.iter().zip(&ja) {
            let same = |blocks: &[(String, Vec<String>)]| format!("{blocks:?}").replace("\\\"ja\\\"", "\\\"en\\\"");
            assert_eq!(same(&en.blocks), same(&ja.blocks), "{name}: {}", en.heading);
            assert!(en.heading == ja.heading || en.blocks.iter().all(|(place, _)| place == "shell"), "{}", en.heading);
        }
    }
}

#[test]
fn every_block_says_where_it_belongs_and_stands_between_empty_lines() {
    for language in Language::ALL {
        for (name, letter) in letters(language, BASE, "you@example.com") {
            let lines: Vec<&str> = letter.body().lines().collect();
            for (i, line) in lines.iter().enumerate().filter(|(_, l)| l.starts_with("    ")) {
                let (before, after) = (lines[i - 1], lines.get(i + 1).copied().unwrap_or_default());
                assert!(before.is_empty() || before.starts_with("    "), "{name} {language}: {line}");
                assert!(after.is_empty() || after.starts_with("    "), "{name} {language}: {line}");
            }
            assert!(!letter.body().contains("\n\n\n"), "{name} {language} has a hole");
            assert!(!letter.body().contains(" \n"), "{name} {language} has a blank at a line's end");
            assert!(letter.body().ends_with('\n') && !letter.body().ends_with("\n\n"), "{name} {language}");
            assert!(!letter.subject().is_empty());
        }
    }
}

#[test]
fn every_package_manager_is_in_both_letters_with_set_up() {
    let wanted = [
        "SEKISHO_TOKEN",
        "npm, pnpm",
        "Yarn 1",
        "Yarn 4",
        "Bun",
        "pip (pip.conf)",
        "pip (PIP_INDEX_URL)",
        "uv (UV_DEFAULT_INDEX)",
        "uv (UV_INDEX_URL)",
        "uv (uv.toml)",
        "uv (pyproject.toml)",
        "Poetry",
        "PDM",
    ];
    for language in Language::ALL {
        for letter in [welcome(language, BASE, "you@example.com"), known(language, BASE, "you@example.com")] {
            let sections = sections(letter.body());
            let at = sections.iter().position(|s| s.heading == wanted[0]).expect("a set-up");
            let headings: Vec<&str> = sections[at..].iter().map(|s| s.heading.as_str()).take(wanted.len()).collect();
            assert_eq!(headings, wanted);
            assert!(sections[at..at + wanted.len()].iter().all(|s| !s.blocks.is_empty()));
        }
    }
}

#[test]
fn commands_never_have_the_key_in_them() {
    for language in Language::ALL {
        let letter = welcome(language, BASE, "you@example.com");
        let mut with_key = 0;
        for section in sections(letter.body()) {
            for (place, lines) in section.blocks {
                let has = lines.iter().any(|l| l.contains(key().expose()));
                assert!(!(has && place == "shell"), "{}", section.heading);
                with_key += usize::from(has);
            }
        }
        assert_eq!(with_key, 6, "the key itself, .npmrc twice, .yarnrc.yml, .bunfig.toml, uv.toml");
    }
}

#[test]
fn no_line_is_longer_than_a_mail_may_have() {
    let long = format!("{}@{}.example", "a!".repeat(32), "b".repeat(63));
    let base = format!("https://{}.example/{}", "c".repeat(63), "d/".repeat(50));
    for language in Language::ALL {
        for (name, letter) in letters(language, &base, &long) {
            assert!(letter.body().lines().all(|line| line.len() < 998), "{name} {language}");
        }
    }
}

#[test]
fn a_letter_does_not_print_its_key() {
    let letter = welcome(Language::En, BASE, "you@example.com");
    assert_eq!(format!("{letter:?}"), "Letter(Your Sekisho key)");
}

#[test]
fn the_guides_have_every_line_that_the_letters_have() {
    for (language, guide) in [
        (Language::En, include_str!("../../../docs/tokens.md")),
        (Language::Ja, include_str!("../../../docs/tokens.ja.md")),
    ] {
        let there: Vec<&str> = guide.lines().collect();
        for letter in [welcome(language, BASE, "you@example.com"), known(language, BASE, "you@example.com")] {
            for section in sections(letter.body()).into_iter().filter(|s| !s.heading.is_empty()) {
                for line in section.blocks.into_iter().flat_map(|(_, lines)| lines) {
                    let line = line.replace(key().expose(), "tg_anon_…").replace("YOUR_KEY", "tg_anon_…");
                    assert!(there.contains(&line.as_str()), "{language}: {}: {line}", section.heading);
                }
            }
        }
    }
}
