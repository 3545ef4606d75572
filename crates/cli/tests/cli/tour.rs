//! The tour: every claim of the article tried.

use crate::env;

#[test]
fn every_claim_is_true_or_corrected() {
    let outcome = env().run(&["tour"]);
    assert_eq!(outcome.code, Some(0), "{outcome}");
    assert!(!outcome.stdout.contains("FAILED"), "{outcome}");
    assert!(
        outcome
            .stdout
            .contains("\n19 claims tried: 13 true, 6 corrected\n"),
        "{outcome}"
    );
    // The refusals are shown where they happen.
    assert!(
        outcome
            .stdout
            .contains("mklink /H hard_dir real_dir\nAccess is denied.\n"),
        "{outcome}"
    );
}

#[test]
fn claims_for_machines() {
    let claims = env().run(&["tour", "--json"]).ok();
    let verdicts = |word: &str| claims.matches(&format!("\"verdict\":\"{word}\"")).count();
    assert_eq!(
        (verdicts("true"), verdicts("corrected"), verdicts("failed")),
        (13, 6, 0)
    );
    assert!(
        claims
            .lines()
            .all(|line| line.starts_with("{\"v\":1,\"claim\":")),
        "{claims}"
    );
}
