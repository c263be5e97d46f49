//! One-time codes of an app (RFC 6238): a secret of 160 bits that we share with the app, and a code of six digits for each half
//! minute. Pure: the time comes in, and which code was used is for the caller to keep.

use qrcodegen::{QrCode, QrCodeEcc};
use totp_rs::{Algorithm, Builder, Totp};

use crate::{
    ids::TotpId,
    secrets::{Place, Random},
};

/// What the app calls us.
const ISSUER: &str = "IcuSync";
/// How long a code is the current one, in seconds.
const STEP: u64 = 30;
/// Digits of a code.
pub(crate) const DIGITS: usize = 6;
/// The quiet zone that a QR code needs around it, in modules.
const BORDER: i32 = 4;

/// Where a secret is stored. Another secret has another row id, so that an old one does not open in its place.
pub(crate) const fn place(id: TotpId) -> Place {
    Place {
        table: "totp",
        row: id.0,
        column: "secret_sealed",
    }
}

/// The secret that an app and we know.
#[derive(Clone)]
pub(crate) struct Secret([u8; 20]);

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret")
    }
}

impl Secret {
    /// A fresh one.
    pub(crate) fn mint(random: &Random) -> Self {
        Self(random.bytes())
    }

    /// The one with these bytes; none if they are not as many as a secret has.
    pub(crate) fn of_bytes(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    /// The bytes, for sealing.
    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    fn totp(&self, account: &str) -> anyhow::Result<Totp> {
        let totp = Builder::new()
            .with_algorithm(Algorithm::SHA1)
            .with_digits(6)
            .with_skew(0)
            .with_step_duration(STEP)
            .with_secret(self.0.to_vec())
            .with_issuer(Some(ISSUER))
            // A colon separates the two names in the URL.
            .with_account_name(account.replace(':', " "));
        Ok(totp.build()?)
    }

    /// The `otpauth` URL that apps read, in which the account is called `account`.
    pub(crate) fn url(&self, account: &str) -> anyhow::Result<String> {
        Ok(self.totp(account)?.to_url()?)
    }

    /// The secret in base32, in groups of four, for typing.
    pub(crate) fn in_groups(&self) -> String {
        let text = totp_rs::Secret::from(self.0.to_vec()).to_base32();
        let groups: Vec<&str> = text
            .as_bytes()
            .chunks(4)
            .filter_map(|group| std::str::from_utf8(group).ok())
            .collect();
        groups.join(" ")
    }

    /// The step of the code `typed` at `now` (seconds since 1970): the current one or one next to it, because clocks differ; none if
    /// it is not the code of any of them, or of one that was used: `last` or before.
    pub(crate) fn step_of(&self, typed: &str, now: i64, last: i64) -> Option<i64> {
        let totp = self.totp("").ok()?;
        let current = u64::try_from(now).ok()? / STEP;
        let near = current.saturating_sub(1)..=current + 1;
        near.filter(|step| i64::try_from(*step).is_ok_and(|step| step > last))
            .find_map(|step| totp.check(typed, step * STEP))
            .and_then(|step| i64::try_from(step).ok())
    }
}

/// A QR code as an SVG draws it.
#[derive(Debug, Clone)]
pub(crate) struct Qr {
    /// Width and height, with the border.
    pub(crate) size: i32,
    /// The dark modules, as the `d` of one path.
    pub(crate) path: String,
}

impl Qr {
    /// The QR code of a text; none if it is too long for one.
    pub(crate) fn of(text: &str) -> Option<Self> {
        let code = QrCode::encode_text(text, QrCodeEcc::Medium).ok()?;
        let dark = |(x, y): &(i32, i32)| code.get_module(*x, *y);
        let all = (0..code.size()).flat_map(|y| (0..code.size()).map(move |x| (x, y)));
        let module = |(x, y): (i32, i32)| format!("M{},{}h1v1h-1z", x + BORDER, y + BORDER);
        Some(Self {
            size: code.size() + 2 * BORDER,
            path: all.filter(dark).map(module).collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 6238 appendix B, the last six of its eight digits.
    #[test]
    fn codes_are_those_of_the_rfc() {
        let secret = Secret::of_bytes(b"12345678901234567890").unwrap();
        for (now, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ] {
            assert_eq!(secret.step_of(code, now, 0), Some(now / 30), "{now}");
        }
    }

    #[test]
    fn a_code_counts_one_step_either_side_and_once() {
        let secret = Secret::of_bytes(b"12345678901234567890").unwrap();
        let (code, at) = ("050471", 1_111_111_111_i64);
        let step = at / 30;
        for (away, counts) in [(-2, false), (-1, true), (0, true), (1, true), (2, false)] {
            let found = secret.step_of(code, (step + away) * 30, 0);
            assert_eq!(found, counts.then_some(step), "{away} steps away");
        }
        assert_eq!(secret.step_of(code, at, step - 1), Some(step));
        for last in [step, step + 1] {
            assert_eq!(secret.step_of(code, at, last), None, "it is spent");
        }
        for other in ["", "05047", "0504711", "+50471", " 50471", "050472", "٠٥٠٤٧١"] {
            assert_eq!(secret.step_of(other, at, 0), None, "{other}");
        }
        assert_eq!(secret.step_of(code, -1, 0), None);
    }

    #[test]
    fn an_app_reads_the_secret_from_the_url_the_text_or_the_picture() {
        let secret = Secret::mint(&Random::seeded([4; 32]));
        let url = secret.url("ana+x@example.test").unwrap();
        assert!(url.starts_with("otpauth://totp/IcuSync:"), "{url}");
        let read = Totp::from_url(&url).unwrap();
        assert_eq!((read.digits(), read.step()), (6, 30));
        assert_eq!(
            (read.issuer(), read.account_name()),
            (Some("IcuSync"), "ana+x@example.test")
        );
        let now = 1_800_000_000;
        let code = read.generate(now).to_string();
        assert_eq!(secret.step_of(&code, 1_800_000_000, 0), Some(60_000_000));
        let text = secret.in_groups();
        assert_eq!((text.len(), text.split(' ').count()), (39, 8));
        assert!(url.contains(&text.replace(' ', "")), "{url} {text}");
        let qr = Qr::of(&url).unwrap();
        assert!(qr.size > 40 && qr.path.starts_with("M4,4h1v1h-1z"), "{}", qr.size);
        assert_eq!(format!("{secret:?}"), "Secret");
    }
}
