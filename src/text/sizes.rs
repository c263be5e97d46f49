//! How large something is, for people.

/// `182 KB`, `5.2 MB`: thousands of bytes, rounded, as shops and browsers count.
pub(crate) fn size_in_words(bytes: u64) -> String {
    const KB: u64 = 1_000;
    const MB: u64 = 1_000_000;
    if bytes < KB {
        return if bytes == 1 {
            "1 byte".to_owned()
        } else {
            format!("{bytes} bytes")
        };
    }
    let tenths = (bytes + MB / 20) / (MB / 10);
    if bytes + KB / 2 < MB {
        format!("{} KB", (bytes + KB / 2) / KB)
    } else if tenths < 100 && !tenths.is_multiple_of(10) {
        format!("{}.{} MB", tenths / 10, tenths % 10)
    } else {
        format!("{} MB", (bytes + MB / 2) / MB)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_read_as_people_say_them() {
        for (bytes, words) in [
            (0, "0 bytes"),
            (1, "1 byte"),
            (999, "999 bytes"),
            (1_000, "1 KB"),
            (181_600, "182 KB"),
            (999_499, "999 KB"),
            (999_500, "1 MB"),
            (1_050_000, "1.1 MB"),
            (5_240_000, "5.2 MB"),
            (9_960_000, "10 MB"),
            (60_000_000, "60 MB"),
            (209_715_200, "210 MB"),
            (u64::MAX / 2, "9223372036855 MB"),
        ] {
            assert_eq!(size_in_words(bytes), words);
        }
    }
}
