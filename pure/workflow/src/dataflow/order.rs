//! The order in which AWS writes the computed members of a payload template: after the literal
//! ones, in the order of a Java hash table. It shows wherever the text does.

/// Buckets of a new table; they double when three quarters are used.
const BUCKETS: usize = 16;

/// Puts `members` into the order of their keys in a Java hash table.
pub(crate) fn sort_as_hashed<T>(members: &mut [T], key: impl Fn(&T) -> &str) {
    let mut buckets = BUCKETS;
    while members.len() > buckets / 4 * 3 {
        buckets *= 2;
    }
    members.sort_by_key(|member| spread(key(member)) as usize & (buckets - 1));
}

/// Java's hash of a text, with its upper half mixed into the lower.
fn spread(text: &str) -> u32 {
    let hash = text
        .encode_utf16()
        .fold(0u32, |hash, unit| hash.wrapping_mul(31).wrapping_add(u32::from(unit)));
    hash ^ (hash >> 16)
}

#[cfg(test)]
mod tests {
    use super::*;

    // Recorded orders.
    #[test]
    fn orders_as_recorded() {
        let rows: [(&[&str], &[&str]); 4] = [
            (
                &[
                    "original_input",
                    "iteration_input_value",
                    "iteration_index",
                    "from_input_constant",
                ],
                &[
                    "iteration_input_value",
                    "from_input_constant",
                    "iteration_index",
                    "original_input",
                ],
            ),
            (
                &["TableName", "Key", "UpdateExpression", "ExpressionAttributeValues"],
                &["TableName", "UpdateExpression", "Key", "ExpressionAttributeValues"],
            ),
            (&["Question", "Answer"], &["Answer", "Question"]),
            (&["Bucket", "Key"], &["Bucket", "Key"]),
        ];
        for (given, expected) in rows {
            let mut keys = given.to_vec();
            sort_as_hashed(&mut keys, |key| key);
            assert_eq!(keys, expected);
        }
    }
}
