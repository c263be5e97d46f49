//! Sealing: XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha-03) with a ring of keys, each value bound to its place.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use chacha20poly1305::{
    XChaCha20Poly1305, XNonce,
    aead::{Aead as _, KeyInit as _, Payload},
};
use hmac::{Hmac, Mac as _};
use sha2::Sha256;
use uuid::Uuid;

use super::Random;

const VERSION: u8 = 1;
const NONCE: usize = 24;

/// Where a sealed value is stored. The seal covers it, so a value moved to another row does not open.
#[derive(Debug, Clone, Copy)]
pub struct Place {
    /// The table's name.
    pub table: &'static str,
    /// The row's id.
    pub row: Uuid,
    /// The column's name.
    pub column: &'static str,
}

impl Place {
    fn aad(self) -> Vec<u8> {
        format!("{}/{}/{}", self.table, self.row, self.column).into_bytes()
    }
}

/// One key of the ring: an id of 1–16 characters of `[a-z0-9-]`, and 32 bytes.
#[derive(Clone)]
pub struct Key {
    id: String,
    cipher: XChaCha20Poly1305,
    prints: Hmac<Sha256>,
}

/// The keys that open sealed values. The first one seals.
#[derive(Clone)]
pub struct KeyRing(Vec<Key>);

/// Why a text is not a key ring. It never quotes the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyRingError {
    /// No key in it.
    #[error("no key given: a key is id:BASE64, with 32 bytes in base64")]
    Empty,
    /// An entry is not `id:base64` of 32 bytes.
    #[error(
        "a key is not of the form id:BASE64 with an id of 1-16 characters of a-z, 0-9 and - and 32 bytes in base64"
    )]
    Malformed,
    /// The same id twice.
    #[error("two keys have the same id")]
    Repeated,
}

/// Why a sealed value did not open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// It was sealed with a key that is not on the ring.
    #[error("sealed with a key that is not configured")]
    UnknownKey,
    /// It was changed, moved to another place, or is not a sealed value at all.
    #[error("the sealed value does not open")]
    Broken,
}

impl KeyRing {
    /// Reads `id2:BASE64,id1:BASE64`; the first key seals, all of them open.
    pub fn parse(text: &str) -> Result<Self, KeyRingError> {
        let mut keys: Vec<Key> = Vec::new();
        for entry in text.split(',').map(str::trim).filter(|entry| !entry.is_empty()) {
            let (id, encoded) = entry.split_once(':').ok_or(KeyRingError::Malformed)?;
            let bytes = STANDARD.decode(encoded).map_err(|_| KeyRingError::Malformed)?;
            let key: [u8; 32] = bytes.try_into().map_err(|_| KeyRingError::Malformed)?;
            if !is_id(id) {
                return Err(KeyRingError::Malformed);
            }
            if keys.iter().any(|key| key.id == id) {
                return Err(KeyRingError::Repeated);
            }
            keys.push(Key {
                id: id.to_owned(),
                cipher: XChaCha20Poly1305::new(&key.into()),
                prints: prints(&key),
            });
        }
        if keys.is_empty() {
            Err(KeyRingError::Empty)
        } else {
            Ok(Self(keys))
        }
    }

    /// The text of a fresh ring of one key, for a self-hoster's key file.
    pub fn generate(random: &Random) -> String {
        fresh_key("k1", random)
    }

    /// The text of another key, with an id that no key of this ring has.
    pub fn generate_another(&self, random: &Random) -> String {
        // One more number than there are keys: one of them is free.
        let id = (1..=self.0.len() + 1)
            .map(|number| format!("k{number}"))
            .find(|id| self.ids().all(|known| known != id));
        fresh_key(&id.expect("one number is free"), random)
    }

    /// The ids of the keys; the first key seals.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|key| key.id.as_str())
    }

    /// The beginning of every value that the first key sealed, and of no other.
    pub fn header(&self) -> Vec<u8> {
        let id = self.0[0].id.as_bytes();
        let id_length = u8::try_from(id.len()).expect("ids have at most 16 characters");
        let mut header = vec![VERSION, id_length];
        header.extend_from_slice(id);
        header
    }

    /// The same value for the same place under the first key.
    pub fn reseal(&self, place: Place, sealed: &[u8], random: &Random) -> Result<Vec<u8>, OpenError> {
        Ok(self.seal(place, &self.open(place, sealed)?, random))
    }

    /// Seals `plain` for `place`: version, id length, id, nonce, ciphertext with tag.
    pub fn seal(&self, place: Place, plain: &[u8], random: &Random) -> Vec<u8> {
        let key = &self.0[0];
        let nonce: [u8; NONCE] = random.bytes();
        let payload = Payload {
            msg: plain,
            aad: &place.aad(),
        };
        let sealed = key
            .cipher
            .encrypt(&XNonce::from(nonce), payload)
            .expect("the cipher takes any message that fits into memory");
        let mut out = self.header();
        out.extend_from_slice(&nonce);
        out.extend_from_slice(&sealed);
        out
    }

    /// Opens what [`KeyRing::seal`] made for the same place, with the key of the ring that it names.
    pub fn open(&self, place: Place, sealed: &[u8]) -> Result<Vec<u8>, OpenError> {
        let [VERSION, id_length, rest @ ..] = sealed else {
            return Err(OpenError::Broken);
        };
        let (id, rest) = rest
            .split_at_checked(usize::from(*id_length))
            .ok_or(OpenError::Broken)?;
        let (nonce, body) = rest.split_at_checked(NONCE).ok_or(OpenError::Broken)?;
        let key = self
            .0
            .iter()
            .find(|key| key.id.as_bytes() == id)
            .ok_or(OpenError::UnknownKey)?;
        let nonce: [u8; NONCE] = nonce.try_into().map_err(|_| OpenError::Broken)?;
        let payload = Payload {
            msg: body,
            aad: &place.aad(),
        };
        key.cipher
            .decrypt(&XNonce::from(nonce), payload)
            .map_err(|_| OpenError::Broken)
    }

    /// A fingerprint that nobody without the first key can work out, even of a text that is easy to guess (HMAC-SHA-256,
    /// RFC 2104). Under another first key it is another one.
    pub fn fingerprint(&self, plain: &[u8]) -> [u8; 32] {
        let mut prints = self.0[0].prints.clone();
        prints.update(plain);
        prints.finalize().into_bytes().into()
    }

    /// The id of the key that a sealed value names; none if it names none.
    pub fn key_named(sealed: &[u8]) -> Option<&str> {
        let [VERSION, id_length, rest @ ..] = sealed else {
            return None;
        };
        let id = rest.get(..usize::from(*id_length))?;
        std::str::from_utf8(id).ok().filter(|id| is_id(id))
    }

    /// [`KeyRing::open`] for a text; a value that is not UTF-8 counts as broken.
    pub fn open_text(&self, place: Place, sealed: &[u8]) -> Result<String, OpenError> {
        String::from_utf8(self.open(place, sealed)?).map_err(|_| OpenError::Broken)
    }
}

/// What fingerprints are made with: a key of its own, so that no key has two uses.
fn prints(key: &[u8; 32]) -> Hmac<Sha256> {
    let keyed = |key: &[u8]| Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes a key of any length");
    let mut own = keyed(key);
    own.update(b"fingerprints");
    keyed(&own.finalize().into_bytes())
}

fn is_id(text: &str) -> bool {
    let fits = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    (1..=16).contains(&text.len()) && text.bytes().all(fits)
}

fn fresh_key(id: &str, random: &Random) -> String {
    format!("{id}:{}", STANDARD.encode(random.bytes::<32>()))
}

impl std::fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "KeyRing({} keys)", self.0.len())
    }
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Key({})", self.id)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_was_sealed_opens_and_nothing_else_does(
            text in "\\PC{0,80}",
            at in any::<prop::sample::Index>(),
            flip in 1_u8..=255,
            junk in prop::collection::vec(any::<u8>(), 0..120),
        ) {
            let random = Random::seeded([9; 32]);
            let ring = KeyRing::parse(&KeyRing::generate(&random)).unwrap();
            let mut sealed = ring.seal(place(1), text.as_bytes(), &random);
            prop_assert_eq!(KeyRing::key_named(&sealed), Some("k1"));
            prop_assert_eq!(ring.open_text(place(1), &sealed), Ok(text));
            prop_assert!(ring.open(place(2), &sealed).is_err());
            let at = at.index(sealed.len());
            sealed[at] ^= flip;
            prop_assert!(ring.open(place(1), &sealed).is_err());
            prop_assert!(ring.open(place(1), &sealed[..at]).is_err());
            prop_assert!(ring.open(place(1), &junk).is_err());
            prop_assert!(KeyRing::key_named(&junk).is_none_or(is_id));
        }
    }

    fn place(row: u128) -> Place {
        Place {
            table: "links",
            row: Uuid::from_u128(row),
            column: "token_sealed",
        }
    }

    #[test]
    fn what_was_sealed_opens_in_its_place_only() {
        let random = Random::seeded([1; 32]);
        let ring = KeyRing::parse(&KeyRing::generate(&random)).unwrap();
        let sealed = ring.seal(place(1), b"a token", &random);
        assert_eq!(ring.open(place(1), &sealed).unwrap(), b"a token");
        assert_eq!(ring.open(place(2), &sealed), Err(OpenError::Broken));
        assert_eq!(
            ring.open(
                Place {
                    column: "other",
                    ..place(1)
                },
                &sealed
            ),
            Err(OpenError::Broken)
        );
        for cut in 0..sealed.len() {
            assert!(ring.open(place(1), &sealed[..cut]).is_err());
        }
        for at in 0..sealed.len() {
            let mut bent = sealed.clone();
            bent[at] ^= 1;
            assert!(ring.open(place(1), &bent).is_err());
        }
    }

    #[test]
    fn the_first_key_seals_and_all_open() {
        let random = Random::seeded([2; 32]);
        let old = KeyRing::generate(&random);
        let new = KeyRing::generate(&random).replace("k1:", "k2:");
        let before = KeyRing::parse(&old).unwrap();
        let during = KeyRing::parse(&format!("{new}, {old}")).unwrap();
        let after = KeyRing::parse(&new).unwrap();
        let sealed = before.seal(place(1), b"x", &random);
        assert_eq!(during.open(place(1), &sealed).unwrap(), b"x");
        assert_eq!(after.open(place(1), &sealed), Err(OpenError::UnknownKey));
        assert_eq!(
            after
                .open(place(1), &during.seal(place(1), b"y", &random))
                .unwrap(),
            b"y"
        );
    }

    #[test]
    fn resealing_changes_the_key_and_nothing_else() {
        let random = Random::seeded([5; 32]);
        let old = KeyRing::generate(&random);
        let new = KeyRing::parse(&old).unwrap().generate_another(&random);
        assert!(new.starts_with("k2:"), "{}", &new[..3]);
        let before = KeyRing::parse(&old).unwrap();
        let during = KeyRing::parse(&format!("{new},{old}")).unwrap();
        assert_eq!(during.ids().collect::<Vec<_>>(), ["k2", "k1"]);
        let sealed = before.seal(place(1), b"a token", &random);
        assert!(sealed.starts_with(&before.header()) && !sealed.starts_with(&during.header()));
        let again = during.reseal(place(1), &sealed, &random).unwrap();
        assert!(again.starts_with(&during.header()));
        assert_eq!(
            KeyRing::parse(&new).unwrap().open(place(1), &again).unwrap(),
            b"a token"
        );
        // A value that does not open in its place gets no new seal, which would hide that.
        assert_eq!(during.reseal(place(2), &sealed, &random), Err(OpenError::Broken));
        assert_eq!(
            KeyRing::parse(&new).unwrap().reseal(place(1), &sealed, &random),
            Err(OpenError::UnknownKey)
        );
    }

    #[test]
    fn no_header_is_the_beginning_of_another() {
        let key = |id: &str| KeyRing::parse(&fresh_key(id, &Random::seeded([6; 32]))).unwrap();
        let headers = ["k", "k1", "k11", "1"].map(|id| key(id).header());
        for (at, one) in headers.iter().enumerate() {
            for other in &headers[at + 1..] {
                assert!(!one.starts_with(other) && !other.starts_with(one));
            }
        }
    }

    #[test]
    fn a_malformed_ring_is_refused_without_quoting_it() {
        let random = Random::seeded([3; 32]);
        let good = KeyRing::generate(&random);
        assert_eq!(KeyRing::parse(" , ").unwrap_err(), KeyRingError::Empty);
        assert_eq!(
            KeyRing::parse(&format!("{good},{good}")).unwrap_err(),
            KeyRingError::Repeated
        );
        for bad in ["k1", "k1:short", "K1:AAAA", ":", &good[..good.len() - 4]] {
            assert_eq!(KeyRing::parse(bad).unwrap_err(), KeyRingError::Malformed, "{bad}");
        }
    }
}
