//! UTS #46 by way of a URL parser, which maps, normalizes and checks a host, and
//! then writes it in Punycode (RFC 3492): read that, and all of it is there.

/// `text`, a label or more, as UTS #46 maps it; `None` where that makes it invalid.
/// `host_of` is the host that a browser's parser finds in a URL.
pub(crate) fn mapped(text: &str, host_of: impl Fn(&str) -> Option<String>) -> Option<String> {
    if text.chars().any(ends_a_host) {
        return None;
    }
    // With a label behind it nothing can be taken for an IPv4 address.
    let host = host_of(&format!("https://{text}.{SUFFIX}/"))?;
    let host = host.strip_suffix(SUFFIX)?.strip_suffix('.')?;
    let labels = host
        .split('.')
        .map(|label| match label.strip_prefix("xn--") {
            Some(encoded) => decode(encoded),
            None => Some(label.to_owned()),
        });
    Some(labels.collect::<Option<Vec<_>>>()?.join("."))
}

const SUFFIX: &str = "x";

/// Whether a URL parser would read it as the end of the host, or decode it.
fn ends_a_host(character: char) -> bool {
    matches!(
        character,
        '\0'..=' '
            | '\x7f'
            | '#'
            | '%'
            | '/'
            | ':'
            | '<'
            | '>'
            | '?'
            | '@'
            | '['
            | '\\'
            | ']'
            | '^'
            | '|'
    )
}

const BASE: u32 = 36;
const SMALLEST_THRESHOLD: u32 = 1;
const LARGEST_THRESHOLD: u32 = 26;

/// RFC 3492 6.2
fn decode(encoded: &str) -> Option<String> {
    let (basic, deltas) = encoded.rsplit_once('-').unwrap_or(("", encoded));
    let mut decoded: Vec<char> = basic.chars().collect();
    let (mut code_point, mut index, mut bias) = (128_u32, 0_u32, 72_u32);
    let mut digits = deltas.chars();
    while !digits.as_str().is_empty() {
        let start = index;
        index = delta(&mut digits, bias, start)?;
        let length = u32::try_from(decoded.len()).ok()? + 1;
        bias = adapted(index - start, length, start == 0 && code_point == 128);
        code_point = code_point.checked_add(index / length)?;
        index %= length;
        decoded.insert(usize::try_from(index).ok()?, char::from_u32(code_point)?);
        index += 1;
    }
    Some(decoded.into_iter().collect())
}

/// A number of variable length, added to `start`.
fn delta(digits: &mut std::str::Chars<'_>, bias: u32, start: u32) -> Option<u32> {
    let (mut sum, mut weight, mut position) = (start, 1_u32, BASE);
    loop {
        // Letters are the digits up to 25 here, and decimal digits those above.
        let digit = match digits.next()? {
            letter @ 'a'..='z' => u32::from(letter) - u32::from('a'),
            decimal @ '0'..='9' => u32::from(decimal) - u32::from('0') + 26,
            _ => return None,
        };
        sum = sum.checked_add(digit.checked_mul(weight)?)?;
        let threshold = position
            .saturating_sub(bias)
            .clamp(SMALLEST_THRESHOLD, LARGEST_THRESHOLD);
        if digit < threshold {
            return Some(sum);
        }
        weight = weight.checked_mul(BASE - threshold)?;
        position += BASE;
    }
}

/// RFC 3492 6.1
fn adapted(delta: u32, length: u32, first: bool) -> u32 {
    let mut delta = delta / if first { 700 } else { 2 };
    delta += delta / length;
    let mut bias = 0;
    while delta > (BASE - SMALLEST_THRESHOLD) * LARGEST_THRESHOLD / 2 {
        delta /= BASE - SMALLEST_THRESHOLD;
        bias += BASE;
    }
    bias + BASE * delta / (delta + 38)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a URL parser says, as far as `idna` is one.
    fn host_of(url: &str) -> Option<String> {
        let host = url.strip_prefix("https://")?.strip_suffix('/')?;
        idna::domain_to_ascii(host).ok()
    }

    #[test]
    fn maps_as_uts_46_says() {
        for (text, expected) in [
            ("bücher", "bücher"),
            ("BÜCHER", "bücher"),
            ("bu\u{308}cher", "bücher"),
            ("日本語。ＪＰ", "日本語.jp"),
            ("straße", "straße"),
            ("почта", "почта"),
            ("\u{ad}münchen", "münchen"),
            ("Ａ", "a"),
        ] {
            assert_eq!(mapped(text, host_of).as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn what_isnt_a_host_is_nothing() {
        for text in [
            "ü/a",
            "ü:1",
            "%C3%BC",
            "u@ü",
            "ü x",
            "\u{fffd}",
            "ü?",
            "[ü]",
            "\u{202e}ü",
        ] {
            assert_eq!(mapped(text, host_of), None, "{text}");
        }
    }

    /// RFC 3492 7.1, and what isn't in it.
    #[test]
    fn punycode() {
        for (encoded, decoded) in [
            ("egbpdaj6bu4bxfgehfvwxn", Some("ليهمابتكلموشعربي؟")),
            ("ihqwcrb4cv8a8dqg056pqjye", Some("他们为什么不说中文")),
            ("3B-ww4c5e180e575a65lsy2b", Some("3年B組金八先生")),
            ("d9juau41awczczp", Some("そのスピードで")),
            ("mnchen-3ya", Some("münchen")),
            ("99999999", None),
            ("a-!", None),
            ("a-9", None),
        ] {
            assert_eq!(decode(encoded).as_deref(), decoded, "{encoded}");
        }
    }
}
