use super::*;
use crate::keys::tests::Folder;

fn signer() -> (Folder, Signer) {
    let folder = Folder::new();
    let signer = Signer::new(folder.keyring("session"));
    (folder, signer)
}

fn claims() -> Claims {
    let post = ClaimedPost { r: 3, p: "hg.gn.01".to_owned(), l: 2, d: Some(Uuid::from_u128(4)) };
    let posts = vec![post.clone(), ClaimedPost { d: None, ..post }];
    let (sub, did, sid) = (Uuid::from_u128(1), Uuid::from_u128(2), Uuid::from_u128(3));
    Claims { sub, did, sid, posts, iat: 1_790_000_000, exp: 1_790_000_900 }
}

fn check(signer: &Signer, token: &str) -> Result<Claims, TokenError> {
    let keys = signer.public_keys();
    verify(token, |kid| keys.iter().find(|(id, _)| id == kid).map(|(_, key)| *key))
}

#[test]
fn a_signed_token_gives_its_claims_back() {
    let (_folder, signer) = signer();
    let token = signer.sign(&claims());
    assert_eq!(check(&signer, &token), Ok(claims()));
    assert_eq!(kid_of(&token).as_deref(), Ok("1"));
}

#[test]
fn the_header_is_the_standard_one() {
    let (_folder, signer) = signer();
    let token = signer.sign(&claims());
    // {"alg":"EdDSA","typ":"JWT","kid":"1"}
    assert_eq!(token.split('.').next(), Some("eyJhbGciOiJFZERTQSIsInR5cCI6IkpXVCIsImtpZCI6IjEifQ"));
    assert_eq!(token.split('.').count(), 3);
}

#[test]
fn the_public_key_of_the_standard_seed_is_the_standard_one() {
    // RFC 8037, appendix A
    let folder = Folder::new();
    std::fs::create_dir_all(&folder.0).unwrap();
    std::fs::write(folder.0.join("session.key"), "1:nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A=\n").unwrap();
    let keys = Signer::new(folder.keyring("session")).public_keys();
    assert_eq!(URL_SAFE_NO_PAD.encode(keys[0].1), "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo");
}

#[test]
fn no_changed_character_is_believed() {
    let (_folder, signer) = signer();
    let token = signer.sign(&claims());
    for at in 0..token.len() {
        let other = if &token[at..=at] == "A" { "B" } else { "A" };
        let changed = format!("{}{other}{}", &token[..at], &token[at + 1..]);
        assert!(check(&signer, &changed).is_err(), "character {at}");
    }
}

#[test]
fn every_other_form_is_refused() {
    let (_folder, signer) = signer();
    let token = signer.sign(&claims());
    let [_, body, signature] = token.split('.').collect::<Vec<_>>()[..] else { unreachable!() };
    let with = |header: &str| format!("{}.{body}.{signature}", URL_SAFE_NO_PAD.encode(header));
    for header in [
        r#"{"alg":"none","typ":"JWT","kid":"1"}"#,
        r#"{"alg":"HS256","typ":"JWT","kid":"1"}"#,
        r#"{"alg":"EdDSA","typ":"JWT"}"#,
        r#"{"alg":"EdDSA","typ":"JWT","kid":""}"#,
        r#"{"alg":"EdDSA","typ":"JWT","kid":"1","crit":["x"]}"#,
        r#"{"alg":"EdDSA","alg":"EdDSA","typ":"JWT","kid":"1"}"#,
    ] {
        assert_eq!(check(&signer, &with(header)), Err(TokenError::Header), "{header}");
    }
    assert_eq!(check(&signer, &with(r#"{"alg":"EdDSA","typ":"JWT","kid":"2"}"#)), Err(TokenError::UnknownKey));
    assert_eq!(check(&signer, &with(r#"{"typ":"JWT","alg":"EdDSA","kid":"1"}"#)), Err(TokenError::Signature));
    assert_eq!(check(&signer, &format!("{token}=")), Err(TokenError::Malformed));
    assert_eq!(check(&signer, &format!("{token}.x")), Err(TokenError::Malformed));
    assert_eq!(check(&signer, ""), Err(TokenError::Malformed));
    assert_eq!(check(&signer, &"a".repeat(LONGEST + 1)), Err(TokenError::Long));
}

#[test]
fn another_ring_with_the_same_key_id_is_refused() {
    let ((_ours, ours), (_theirs, theirs)) = (signer(), signer());
    assert_eq!(check(&ours, &theirs.sign(&claims())), Err(TokenError::Signature));
}

#[test]
fn tokens_of_the_old_key_are_good_during_a_rotation() {
    let (folder, signer) = signer();
    let old = signer.sign(&claims());
    folder.rotate("session", 2);
    let ids: Vec<String> = signer.public_keys().into_iter().map(|(id, _)| id).collect();
    assert_eq!(ids, ["2", "1"]);
    assert_eq!(kid_of(&signer.sign(&claims())).as_deref(), Ok("2"));
    assert_eq!(check(&signer, &old), Ok(claims()));
}

#[test]
fn a_token_expires_five_seconds_late() {
    let at = |seconds| DateTime::from_timestamp(claims().exp + seconds, 0).unwrap();
    assert!(!claims().expired(at(-1)) && !claims().expired(at(4)) && claims().expired(at(5)));
}

#[test]
fn secrets_differ_and_are_stored_as_hashes() {
    assert_ne!(new_secret(), new_secret());
    assert_eq!(new_secret().len(), 43);
    // NIST's example "abc"
    assert_eq!(&hash_secret("abc")[..4], &[0xba, 0x78, 0x16, 0xbf]);
    assert!(constant_time_eq(b"abc", b"abc") && !constant_time_eq(b"abc", b"abd"));
    assert!(!constant_time_eq(b"abc", b"ab") && !constant_time_eq(b"", b"a") && constant_time_eq(b"", b""));
}
