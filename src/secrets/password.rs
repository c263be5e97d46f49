//! Passwords: argon2id (RFC 9106), always off the async threads and never more than a few at once.

use std::sync::{Arc, Mutex, PoisonError};

use argon2::{Algorithm, Argon2, Block, Params, Version, password_hash::phc};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::{Random, guessed};

/// Shortest password accepted, in characters (NIST SP 800-63B asks for at least 8; with no second factor, more).
const SHORTEST: usize = 10;
/// Longest password accepted, in bytes: nothing larger reaches the hash function.
const LONGEST: usize = 256;
/// Memory 19 MiB, 2 passes, 1 lane: OWASP's first choice for argon2id.
const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
/// A stored hash may need other parameters (RFC 9106 itself recommends 64 MiB where memory is short), but not so large that
/// checking one password stops the service.
const MOST_MEMORY_KIB: u32 = 64 * 1024;
const MOST_PASSES: u32 = 16;

/// A password that a person chose or typed. `Debug` is mute.
#[derive(Clone)]
pub struct Password(String);

/// Why a password is not accepted; the texts are shown to the person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadPassword {
    /// Fewer than 10 characters.
    #[error("Use at least {SHORTEST} characters.")]
    TooShort,
    /// More than 256 bytes.
    #[error("Use at most {LONGEST} characters.")]
    TooLong,
    /// One of the commonest passwords.
    #[error(
        "This is one of the passwords that are tried first, or one with a number behind it. Choose another: three or four words \
         that have nothing to do with each other are good."
    )]
    Common,
    /// Made of the person's address or our name.
    #[error(
        "This is your e-mail address or our name, or nearly so, and that is tried first. Choose another: three or four words \
         that have nothing to do with each other are good."
    )]
    Own,
}

impl Password {
    /// Reads a new password that the person with this email address chose.
    pub fn choose(text: String, address: &str) -> Result<Self, BadPassword> {
        match text {
            text if text.len() > LONGEST => Err(BadPassword::TooLong),
            text if text.chars().count() < SHORTEST => Err(BadPassword::TooShort),
            text if guessed::is_own(&text, address) => Err(BadPassword::Own),
            text if guessed::is_common(&text) => Err(BadPassword::Common),
            text => Ok(Self(text)),
        }
    }

    /// Reads a password that somebody typed to sign in. `None` if it is longer than any can be, so that a megabyte never
    /// reaches the hash function.
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
    memory: Arc<Shelf>,
    random: Random,
    /// Checked when there is no account, so that an unknown address takes as long.
    dummy: PasswordHash,
}

impl Passwords {
    /// Hashes one dummy password first.
    pub fn new(parallel: usize, random: Random) -> Self {
        let memory = Arc::new(Shelf::default());
        let mut blocks = memory.take();
        let dummy = hash(b"nobody has this password", random.bytes(), &mut blocks);
        memory.give_back(blocks);
        Self {
            seats: Arc::new(Semaphore::new(parallel)),
            memory,
            random,
            dummy,
        }
    }

    /// The hash of a chosen password, with a fresh salt.
    pub async fn hash(&self, password: Password) -> PasswordHash {
        let salt = self.random.bytes();
        self.seated(move |memory| hash(password.0.as_bytes(), salt, memory))
            .await
    }

    /// Whether `password` belongs to `known`. Without a hash (no such account) it works as long and returns false.
    pub async fn verify(&self, password: Password, known: Option<PasswordHash>) -> bool {
        let exists = known.is_some();
        let against = known.unwrap_or_else(|| self.dummy.clone());
        let fits = self
            .seated(move |memory| fits(password.0.as_bytes(), &against, memory))
            .await;
        fits && exists
    }

    /// [`Passwords::verify`] for what somebody typed; text longer than any password can be never fits.
    pub async fn verify_typed(&self, text: String, known: Option<PasswordHash>) -> bool {
        match Password::typed(text) {
            Some(password) => self.verify(password, known).await,
            None => false,
        }
    }

    /// Works in a seat and with its memory. Both go into the work and come back when it ends: the caller may be gone by then,
    /// and a hash that nobody waits for takes as much as any.
    async fn seated<T: Send + 'static>(&self, work: impl FnOnce(&mut Vec<Block>) -> T + Send + 'static) -> T {
        let permit = self.seats.clone().acquire_owned().await;
        let permit = permit.expect("the semaphore is never closed");
        let unused = self.memory.clone();
        let working = tokio::task::spawn_blocking(move || {
            let mut seat = Seat {
                memory: unused.take(),
                shelf: unused,
                _permit: permit,
            };
            work(&mut seat.memory)
        });
        working.await.expect("hashing does not panic")
    }
}

/// The memory of the free seats. It goes to the next hash and never back to the allocator, which keeps freed blocks of this
/// size for itself.
#[derive(Default)]
struct Shelf(Mutex<Vec<Vec<Block>>>);

impl Shelf {
    fn take(&self) -> Vec<Block> {
        let shelved = self.0.lock().unwrap_or_else(PoisonError::into_inner).pop();
        shelved.unwrap_or_else(|| vec![Block::new(); own_params().block_count()])
    }

    fn give_back(&self, mut memory: Vec<Block>) {
        // Memory that a stored hash with other parameters needed beyond our own does not stay.
        memory.truncate(own_params().block_count());
        memory.shrink_to_fit();
        let mut shelved = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        shelved.push(memory);
    }
}

impl std::fmt::Debug for Shelf {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Shelf")
    }
}

/// The right to hash, and the memory for it.
struct Seat {
    memory: Vec<Block>,
    shelf: Arc<Shelf>,
    /// Given back after the memory is: fields are dropped after `drop`.
    _permit: OwnedSemaphorePermit,
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.shelf.give_back(std::mem::take(&mut self.memory));
    }
}

fn own_params() -> Params {
    Params::new(MEMORY_KIB, PASSES, 1, None).expect("the parameters are within argon2's limits")
}

/// Fills `out` with argon2 computed in `memory`, which grows if the parameters need more.
fn compute(
    argon: &Argon2<'_>,
    password: &[u8],
    salt: &[u8],
    out: &mut [u8],
    memory: &mut Vec<Block>,
) -> argon2::Result<()> {
    let blocks = argon.params().block_count();
    if memory.len() < blocks {
        memory.resize(blocks, Block::new());
    }
    argon.hash_password_into_with_memory(password, salt, out, memory)
}

fn hash(password: &[u8], salt: [u8; 16], memory: &mut Vec<Block>) -> PasswordHash {
    let params = own_params();
    let fits = "our own parameters, a 16-byte salt and a 32-byte hash are within the limits";
    let phc_params = phc::ParamsString::try_from(&params).expect(fits);
    let mut out = [0; Params::DEFAULT_OUTPUT_LEN];
    let argon = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    compute(&argon, password, &salt, &mut out, memory).expect(fits);
    let phc = phc::PasswordHash {
        algorithm: Algorithm::Argon2id.ident(),
        version: Some(Version::V0x13.into()),
        params: phc_params,
        salt: Some(phc::Salt::new(&salt).expect(fits)),
        hash: Some(phc::Output::new(&out).expect(fits)),
    };
    PasswordHash(phc.to_string())
}

/// Whether the password belongs to the hash. A hash that is malformed or asks for absurd amounts fits nothing.
fn fits(password: &[u8], known: &PasswordHash, memory: &mut Vec<Block>) -> bool {
    recompute(password, known, memory).unwrap_or_else(|| {
        tracing::error!(
            "a stored password hash cannot be checked: it is malformed, or asks for more than we do"
        );
        false
    })
}

/// [`fits`]; none if we do not check such a hash.
fn recompute(password: &[u8], known: &PasswordHash, memory: &mut Vec<Block>) -> Option<bool> {
    let known = phc::PasswordHash::new(&known.0).ok()?;
    let algorithm = Algorithm::new(known.algorithm.as_str()).ok()?;
    let version = known
        .version
        .map_or(Ok(Version::default()), Version::try_from)
        .ok()?;
    let params = Params::try_from(&known).ok()?;
    if params.m_cost() > MOST_MEMORY_KIB || params.t_cost() > MOST_PASSES {
        return None;
    }
    let (salt, expected) = (known.salt?, known.hash?);
    let mut out = [0; phc::Output::MAX_LENGTH];
    let out = out.get_mut(..expected.len())?;
    let argon = Argon2::new(algorithm, version, params);
    compute(&argon, password, &salt, out, memory).ok()?;
    // The comparison of two outputs takes the same time wherever they differ.
    Some(phc::Output::new(out).ok()? == expected)
}

#[cfg(test)]
mod tests {
    use std::sync::{
        Condvar,
        atomic::{AtomicUsize, Ordering},
    };

    use super::*;

    const ADDRESS: &str = "ana@example.test";

    #[tokio::test]
    async fn a_password_fits_its_own_hash_only() {
        let passwords = Passwords::new(2, Random::seeded([4; 32]));
        let chosen = Password::choose("correct horse".to_owned(), ADDRESS).unwrap();
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
        let passwords = Passwords::new(3, Random::seeded([5; 32]));
        let (running, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let all = (0..200).map(|_| {
            let (running, most) = (running.clone(), most.clone());
            passwords.seated(move |_| {
                let now = running.fetch_add(1, Ordering::SeqCst) + 1;
                most.fetch_max(now, Ordering::SeqCst);
                // Long enough for the others to come in, if there were seats for them.
                for _ in 0..1_000 {
                    std::thread::yield_now();
                }
                running.fetch_sub(1, Ordering::SeqCst);
            })
        });
        futures::future::join_all(all).await;
        assert!((1..=3).contains(&most.load(Ordering::SeqCst)), "{most:?}");
    }

    /// The work in progress, and the most that ever ran at once; it ends when the gate opens.
    #[derive(Clone, Default)]
    struct Work {
        running: Arc<AtomicUsize>,
        most: Arc<AtomicUsize>,
        open: Arc<(Mutex<bool>, Condvar)>,
    }

    impl Work {
        fn go_on(&self) {
            let now = self.running.fetch_add(1, Ordering::SeqCst) + 1;
            self.most.fetch_max(now, Ordering::SeqCst);
            let open = self.open.0.lock().unwrap();
            drop(self.open.1.wait_while(open, |open| !*open).unwrap());
            self.running.fetch_sub(1, Ordering::SeqCst);
        }

        fn open(&self) {
            *self.open.0.lock().unwrap() = true;
            self.open.1.notify_all();
        }

        async fn runs(&self, count: usize) {
            let wanted = async {
                while self.running.load(Ordering::SeqCst) != count {
                    tokio::task::yield_now().await;
                }
            };
            let wanted = tokio::time::timeout(std::time::Duration::from_secs(20), wanted).await;
            wanted.unwrap_or_else(|_| panic!("{:?} run, not {count}", self.running));
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn hanging_up_frees_no_seat_while_the_hash_runs() {
        let passwords = Passwords::new(3, Random::seeded([7; 32]));
        let work = Work::default();
        let asked = |count: usize| -> Vec<_> {
            let ask = || {
                let (passwords, work) = (passwords.clone(), work.clone());
                tokio::spawn(async move { passwords.seated(move |_| work.go_on()).await })
            };
            (0..count).map(|_| ask()).collect()
        };
        let gone = asked(50);
        work.runs(3).await;
        for hung_up in &gone {
            hung_up.abort();
        }
        for hung_up in gone {
            assert!(hung_up.await.unwrap_err().is_cancelled());
        }
        // Nobody waits for the three any more, and still nobody else gets their seats.
        let free = passwords.seats.available_permits();
        let next = asked(50);
        // Before any check: work that never ends would keep a failing test from ending.
        work.open();
        for served in next {
            served.await.unwrap();
        }
        assert_eq!(free, 0, "seats were free while their hashes went on");
        // Work that nobody waited for gives its seat back too.
        let every = tokio::time::timeout(
            std::time::Duration::from_secs(20),
            passwords.seats.acquire_many(3),
        );
        drop(every.await.expect("a seat was never given back").unwrap());
        assert_eq!(work.most.load(Ordering::SeqCst), 3);
        assert!(
            passwords.memory.0.lock().unwrap().len() <= 3,
            "no more memory than seats"
        );
    }

    #[tokio::test]
    async fn work_that_panics_gives_seat_and_memory_back() {
        let passwords = Passwords::new(1, Random::seeded([8; 32]));
        for _ in 0..3 {
            let hashing = passwords.clone();
            let failed = tokio::spawn(async move { hashing.seated(|_| panic!("in mid-hash")).await });
            assert!(failed.await.unwrap_err().is_panic());
        }
        assert_eq!(passwords.seats.available_permits(), 1);
        assert_eq!(passwords.memory.0.lock().unwrap().len(), 1);
        assert!(!passwords.verify_typed("battery staple".to_owned(), None).await);
    }

    #[tokio::test]
    async fn a_stored_hash_with_other_parameters_still_fits() {
        use argon2::PasswordHasher as _;
        let passwords = Passwords::new(1, Random::seeded([9; 32]));
        let made = |algorithm, version, params| {
            let argon = Argon2::new(algorithm, version, params);
            let phc: phc::PasswordHash = argon
                .hash_password_with_salt(b"correct horse", b"a salt of theirs")
                .unwrap();
            PasswordHash(phc.to_string())
        };
        let params = |kib, passes, lanes, length| Params::new(kib, passes, lanes, length).unwrap();
        for known in [
            made(Algorithm::Argon2id, Version::V0x13, params(64, 1, 1, None)),
            made(
                Algorithm::Argon2id,
                Version::V0x13,
                params(MOST_MEMORY_KIB, 1, 4, Some(64)),
            ),
            made(Algorithm::Argon2i, Version::V0x10, params(4_096, 3, 2, Some(16))),
            made(
                Algorithm::Argon2d,
                Version::V0x13,
                params(MEMORY_KIB + 1, 1, 1, None),
            ),
        ] {
            let typed = |text: &str| passwords.verify_typed(text.to_owned(), Some(known.clone()));
            assert!(typed("correct horse").await, "{}", known.as_str());
            assert!(!typed("correct horsf").await, "{}", known.as_str());
        }
        let shelved = passwords.memory.0.lock().unwrap();
        let blocks: Vec<usize> = shelved.iter().map(Vec::capacity).collect();
        assert_eq!(blocks, [own_params().block_count()], "what was more has gone");
    }

    #[tokio::test]
    async fn a_stored_hash_that_is_malformed_or_asks_for_absurd_amounts_fits_nothing() {
        let passwords = Passwords::new(1, Random::seeded([10; 32]));
        let ours = passwords.hash(Password("correct horse".to_owned())).await.0;
        for bad in [
            ours.replace("m=19456", "m=4194304"),
            ours.replace("m=19456", &format!("m={}", MOST_MEMORY_KIB + 1)),
            ours.replace("t=2", "t=4294967295"),
            ours.replace("v=19", "v=20"),
            ours.replace("argon2id", "scrypt"),
            ours[..ours.rfind('$').unwrap()].to_owned(),
            String::new(),
        ] {
            assert_ne!(bad, ours);
            let known = Some(PasswordHash(bad.clone()));
            assert!(
                !passwords.verify_typed("correct horse".to_owned(), known).await,
                "{bad}"
            );
        }
    }

    #[tokio::test]
    async fn an_unknown_person_costs_as_much_as_a_known_one() {
        let passwords = Passwords::new(1, Random::seeded([6; 32]));
        let known = passwords
            .hash(Password::choose("correct horse".to_owned(), ADDRESS).unwrap())
            .await;
        let typed = || Password::typed("battery staple".to_owned()).unwrap();
        // The best of several, because this machine has other things to do.
        let mut best = [std::time::Duration::MAX; 2];
        for _ in 0..15 {
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
            Password::choose("ninechars".to_owned(), ADDRESS).unwrap_err(),
            BadPassword::TooShort
        );
        assert!(Password::choose("zehn Zeich".to_owned(), ADDRESS).is_ok());
        assert_eq!(
            Password::choose("x".repeat(257), ADDRESS).unwrap_err(),
            BadPassword::TooLong
        );
        assert!(Password::typed("x".repeat(1_000_000)).is_none());
    }

    #[test]
    fn what_is_guessed_first_may_be_typed_and_not_chosen() {
        for (text, why) in [
            ("Password123", BadPassword::Common),
            ("icusync2026", BadPassword::Own),
            ("ana@example.test", BadPassword::Own),
        ] {
            assert_eq!(Password::choose(text.to_owned(), ADDRESS).unwrap_err(), why);
            assert!(
                Password::typed(text.to_owned()).is_some(),
                "it may have been chosen long ago"
            );
        }
    }
}
