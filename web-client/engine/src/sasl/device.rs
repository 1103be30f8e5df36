//! By what a server knows a device (XEP-0388 2.3): a random UUID, version 4.

/// The name of a device, from randomness that is used for nothing else (RFC 9562 5.4).
pub fn device_id(random: [u8; 16]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut id = String::with_capacity(36);
    for (place, byte) in random.into_iter().enumerate() {
        if matches!(place, 4 | 6 | 8 | 10) {
            id.push('-');
        }
        let byte = match place {
            6 => byte & 0x0f | 0x40,
            8 => byte & 0x3f | 0x80,
            _ => byte,
        };
        for digit in [byte >> 4, byte & 0x0f] {
            id.push(char::from(DIGITS[usize::from(digit)]));
        }
    }
    id
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn version_and_variant_are_those_of_a_random_one() {
        assert_eq!(
            device_id([0xff; 16]),
            "ffffffff-ffff-4fff-bfff-ffffffffffff"
        );
        assert_eq!(device_id([0; 16]), "00000000-0000-4000-8000-000000000000");
    }
}
