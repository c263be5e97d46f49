//! Secrets: tokens that we mint, the key ring that seals what must be readable again, and passwords.
//!
//! No SQL and no HTTP here. Nothing in this module implements `Display`, and `Debug` names only the kind.

mod guessed;
mod lost;
mod password;
mod random;
mod seal;
mod token;

pub use lost::{Held, Look, Openable, Sealed, Seals};
pub use password::{BadPassword, Password, PasswordHash, Passwords};
pub use random::Random;
pub use seal::{Key, KeyRing, KeyRingError, OpenError, Place};
pub use token::{Token, TokenHash, TokenKind};
