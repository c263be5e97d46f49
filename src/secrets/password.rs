//! Passwords: argon2id (RFC 9106), always off the async threads and never more than a few at once.

use std::sync::Arc;

use argon2::{
    Algorithm, Argon2, Params, Version,
    password_hash::{PasswordHasher as _, PasswordVerifier as _, phc},
};
use tokio::sync::Semaphore;

use super::Random;

/// Shortest password taken, in characters (NIST SP 800-63B asks for at least 8; with no second factor, more).
const SHORTEST: usize = 10;
/// Longest password taken, in bytes: nothing larger reaches the hash function.
const LONGEST: usize = 256;
/// Memory 19 MiB, 2 passes, 1 lane: OWASP's first choice for argon2id.
const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;

/// A password that a person chose or typed. `Debug` is mute.
#[derive(Clone)]
pub struct Password(String);

/// Why a password is not taken; the texts are shown to the person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadPassword {
    /// Fewer than 10 characters.
    #[error("Use at least {SHORTEST} characters.")]
    TooShort,
    /// More than 256 bytes.
    #[error("Use at most {LONGEST} characters.")]
    TooLong,
}

impl Password {
    /// Takes a new password that somebody chose.
    pub fn choose(text: String) -> Result<Self, BadPassword> {
        match text {
            text if text.len() > LONGEST => Err(BadPassword::TooLong),
            text if text.chars().count() < SHORTEST => Err(BadPassword::TooShort),
            text => Ok(Self(text)),
        }
    }

    /// Takes a password that somebody typed to sign in. `None` when it is longer than any can be, so that a
    /// megabyte never reaches the hash function.
    pub fn typed(text: String) -> Option<Self> {
        (text.len() <= LONGEST).then_some(Self(text))
    }
}

impl std::fmt::Debug for Password {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Password")
    }
}

/// A PHC string (`$argon2id$v=19$…`). `Debug` is mute.
#[derive(Clone, sqlx::Type)]
#[sqlx(transparent)]
pub struct PasswordHash(String);

impl PasswordHash {
    /// The PHC string, for the row.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PasswordHash")
    }
}

/// Hashes and checks passwords, at most `parallel` at once (each takes 19 MiB).
#[derive(Clone, Debug)]
pub struct Passwords {
    seats: Arc<Semaphore>,
    random: Random,
    /// Checked when there is no account, so that an unknown address costs the same.
    dummy: PasswordHash,
}

impl Passwords {
    /// Hashes one dummy password and is ready.
    pub fn new(parallel: usize, random: Random) -> Self {
        let dummy = hash(b"nobody has this password", random.bytes());
        Self {
            seats: Arc::new(Semaphore::new(parallel)),
            random,
            dummy,
        }
    }

    /// The hash of a chosen password, with a fresh salt.
    pub async fn hash(&self, password: Password) -> PasswordHash {
        let salt = self.random.bytes();
        self.seated(move || hash(password.0.as_bytes(), salt)).await
    }

    /// Whether `password` is the one behind `known`. Without one (no such account) it works as long and says no.
    pub async fn verify(&self, password: Password, known: Option<PasswordHash>) -> bool {
        let exists = known.is_some();
        let against = known.unwrap_or_else(|| self.dummy.clone());
        let fits = self
            .seated(move || {
                phc::PasswordHash::new(&against.0)
                    .is_ok_and(|parsed| argon().verify_password(password.0.as_bytes(), &parsed).is_ok())
            })
            .await;
        fits && exists
    }

    /// [`Passwords::verify`] for what somebody typed; text longer than any password can be fits nothing.
    pub async fn verify_typed(&self, text: String, known: Option<PasswordHash>) -> bool {
        match Password::typed(text) {
            Some(password) => self.verify(password, known).await,
            None => false,
        }
    }

    async fn seated<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> T {
        let _seat = self.seats.acquire().await.expect("the semaphore is never closed");
        tokio::task::spawn_blocking(work)
            .await
            .expect("hashing does not panic")
    }
}

fn argon() -> Argon2<'static> {
    let params = Params::new(MEMORY_KIB, PASSES, 1, None).expect("the parameters are within argon2's limits");
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

fn hash(password: &[u8], salt: [u8; 16]) -> PasswordHash {
    let phc: phc::PasswordHash = argon()
        .hash_password_with_salt(password, &salt)
        .expect("a 16-byte salt is within argon2's limits");
    PasswordHash(phc.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_password_fits_its_own_hash_only() {
        let passwords = Passwords::new(2, Random::seeded([4; 32]));
        let chosen = Password::choose("correct horse".to_owned()).unwrap();
        let hash = passwords.hash(chosen.clone()).await;
        assert!(hash.as_str().starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
        assert!(passwords.verify(chosen.clone(), Some(hash.clone())).await);
        assert!(
            !passwords
                .verify(Password::typed("correct horsf".to_owned()).unwrap(), Some(hash))
                .await
        );
        assert!(!passwords.verify(chosen, None).await);
        let dummy = Password::typed("nobody has this password".to_owned()).unwrap();
        assert!(!passwords.verify(dummy, None).await, "the dummy signs nobody in");
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn no_more_hash_at_once_than_there_are_seats() {
        use std::sync::atomic::{AtomicUsize, Ordering};
        let passwords = Passwords::new(3, Random::seeded([5; 32]));
        let (running, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let all = (0..200).map(|_| {
            let (running, most) = (running.clone(), most.clone());
            passwords.seated(move || {
                let now = running.fetch_add(1, Ordering::SeqCst) + 1;
                most.fetch_max(now, Ordering::SeqCst);
                // Long enough for the others to come in, were there seats for them.
                for _ in 0..1_000 {
                    std::thread::yield_now();
                }
                running.fetch_sub(1, Ordering::SeqCst);
            })
        });
        futures::future::join_all(all).await;
        assert!((1..=3).contains(&most.load(Ordering::SeqCst)), "{most:?}");
    }

    #[tokio::test]
    async fn an_unknown_person_costs_as_much_as_a_known_one() {
        let passwords = Passwords::new(1, Random::seeded([6; 32]));
        let known = passwords
            .hash(Password::choose("correct horse".to_owned()).unwrap())
            .await;
        let typed = || Password::typed("battery staple".to_owned()).unwrap();
        // The best of several, because this machine has other things to do.
        let mut best = [std::time::Duration::MAX; 2];
        for _ in 0..5 {
            for (at, hash) in [Some(known.clone()), None].into_iter().enumerate() {
                let began = std::time::Instant::now();
                assert!(!passwords.verify(typed(), hash).await);
                best[at] = best[at].min(began.elapsed());
            }
        }
        let ratio = best[1].as_secs_f64() / best[0].as_secs_f64();
        assert!((0.5..2.0).contains(&ratio), "{best:?}");
    }

    #[test]
    fn lengths_are_checked_before_hashing() {
        assert_eq!(
            Password::choose("ninechars".to_owned()).unwrap_err(),
            BadPassword::TooShort
        );
        assert!(Password::choose("zehn Zeich".to_owned()).is_ok());
        assert_eq!(
            Password::choose("x".repeat(257)).unwrap_err(),
            BadPassword::TooLong
        );
        assert!(Password::typed("x".repeat(1_000_000)).is_none());
    }
}
