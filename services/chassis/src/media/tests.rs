use proptest::prelude::*;

use super::*;
use crate::keys::tests::Folder;

const DISTRICT: Uuid = Uuid::from_u128(1);
const PERSON: Uuid = Uuid::from_u128(2);

fn ids() -> (Folder, MediaIds) {
    let folder = Folder::new();
    let ids = MediaIds::new(folder.keyring("media"));
    (folder, ids)
}

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(seconds, 0).unwrap()
}

/// What a browser sends back of an address.
fn parts(address: &str) -> (Uuid, i64, String) {
    let (id, query) = address.strip_prefix("/v1/media/").unwrap().split_once("?until=").unwrap();
    let (until, signature) = query.split_once("&signature=").unwrap();
    (id.parse().unwrap(), until.parse().unwrap(), signature.to_owned())
}

#[test]
fn a_photo_belongs_to_whom_it_was_minted_for_and_nobody_else() {
    let (_folder, ids) = ids();
    proptest!(|(district in any::<u128>(), person in any::<u128>(), other in any::<u128>(), millis in 0..1i64 << 47)| {
        prop_assume!(person != other && district != other);
        let [district, person, other] = [district, person, other].map(Uuid::from_u128);
        let id = ids.mint(district, person, DateTime::from_timestamp_millis(millis).unwrap());
        prop_assert!(ids.minted_for(id, district, person));
        prop_assert!(!ids.minted_for(id, district, other));
        prop_assert!(!ids.minted_for(id, other, person));
        prop_assert_eq!((id.get_version_num(), id.get_variant()), (8, uuid::Variant::RFC4122));
        prop_assert_eq!(id.as_u128() >> 80, millis as u128);
    });
}

#[test]
fn no_changed_bit_of_an_id_is_believed() {
    let (_folder, ids) = ids();
    let id = ids.mint(DISTRICT, PERSON, at(1_790_000_000)).as_u128();
    for bit in 0..128 {
        assert!(!ids.minted_for(Uuid::from_u128(id ^ 1 << bit), DISTRICT, PERSON), "bit {bit}");
    }
    assert!(!ids.minted_for(Uuid::nil(), DISTRICT, PERSON));
}

#[test]
fn ids_and_addresses_from_before_a_rotation_stay_good() {
    let (folder, ids) = ids();
    let now = at(1_790_000_000);
    let (id, address) = (ids.mint(DISTRICT, PERSON, now), ids.address(Uuid::nil(), now));
    folder.rotate("media", 2);
    let rotated = MediaIds::new(folder.keyring("media"));
    assert!(rotated.minted_for(id, DISTRICT, PERSON));
    let (address_id, until, signature) = parts(&address);
    assert!(rotated.check(address_id, until, &signature, now));
    assert!(ids.minted_for(rotated.mint(DISTRICT, PERSON, now), DISTRICT, PERSON), "the late process looks again");
}

#[test]
fn an_address_is_good_for_one_to_two_hours_and_stable_for_one() {
    let (_folder, ids) = ids();
    let id = ids.mint(DISTRICT, PERSON, at(1_790_000_000));
    for now in [1_790_000_000, 1_790_000_001, 1_790_001_999, 1_790_003_599] {
        let (_, until, signature) = parts(&ids.address(id, at(now)));
        assert!((HOUR..2 * HOUR).contains(&(until - now)), "{}", until - now);
        assert!(ids.check(id, until, &signature, at(until - 1)));
        assert!(!ids.check(id, until, &signature, at(until)));
    }
    let hour = 1_790_000_000 / HOUR * HOUR;
    assert_eq!(ids.address(id, at(hour + 1)), ids.address(id, at(hour + HOUR)));
    assert_ne!(ids.address(id, at(hour)), ids.address(id, at(hour + 1)));
}

#[test]
fn a_changed_address_is_refused() {
    let (_folder, ids) = ids();
    let now = at(1_790_000_000);
    let id = ids.mint(DISTRICT, PERSON, now);
    let (_, until, signature) = parts(&ids.address(id, now));
    assert!(ids.check(id, until, &signature, now));
    assert!(!ids.check(id, until + HOUR, &signature, now));
    assert!(!ids.check(Uuid::from_u128(id.as_u128() ^ 1), until, &signature, now));
    for signature in ["", "AAAA", "not base64!", &signature[..42]] {
        assert!(!ids.check(id, until, signature, now), "{signature}");
    }
}

#[test]
fn object_keys_are_stable() {
    let id = Uuid::from_u128(7);
    assert_eq!(object_key(id), object_key(id));
    assert!(object_key(id).starts_with("media/") && object_key(id).ends_with(&id.to_string()));
    assert_eq!(object_key(id).len(), "media/00/".len() + 36);
}
